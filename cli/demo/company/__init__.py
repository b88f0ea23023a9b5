"""Hoshi Home, a simulated subscription company: customers, source systems, and the truth."""

from cli.demo.company.generation import CompanyFiles, generate

__all__ = ["CompanyFiles", "generate"]
