from __future__ import annotations

from pathlib import Path

import pytest

from cli.demo.company import CompanyFiles, generate


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> CompanyFiles:
    """A company small enough to be generated in a second."""
    return generate(tmp_path_factory.mktemp("small") / "systems", customers=1_500)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> CompanyFiles:
    """The company of the demo, as large as `cxloop demo` generates it."""
    return generate(tmp_path_factory.mktemp("full") / "systems")


@pytest.fixture(scope="session")
def programme_dir() -> Path:
    return Path(__file__).resolve().parents[2] / "programme" / "demo"
