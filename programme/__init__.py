"""What a company declares: YAML files, the types that validate them, and where their state lives.

This room imports no other room of the project.
"""

from programme.checking import check
from programme.errors import DeclarationError, Problem
from programme.loader import Programme, load_programme
from programme.settings import Settings

__all__ = ["DeclarationError", "Problem", "Programme", "Settings", "check", "load_programme"]
