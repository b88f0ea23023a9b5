"""Placeholders are filled, and secrets stay out of texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.errors import MissingSettingError
from connectors.placeholders import Placeholders


def placeholders(**environment: str) -> Placeholders:
    return Placeholders("crm", Path("/data"), environment)


def test_the_data_root_and_variables_are_filled() -> None:
    filler = placeholders(CRM_PASSWORD="hunter2")
    assert filler.fill("${data_root}/crm") == "/data/crm"
    assert filler.fill("db://u:${env:CRM_PASSWORD}@h") == "db://u:hunter2@h"
    assert filler.redact("failed for hunter2 at /data") == "failed for *** at /data"


def test_the_longest_secret_is_taken_out_first() -> None:
    filler = placeholders(A="token", B="token-long")
    filler.fill("${env:A}${env:B}")
    assert filler.redact("token-long") == "***"


@pytest.mark.parametrize("environment", [{}, {"CRM_PASSWORD": ""}])
def test_a_missing_or_empty_variable_is_named_with_the_mend(environment: dict[str, str]) -> None:
    with pytest.raises(MissingSettingError, match=r"crm: .*CRM_PASSWORD is not set\. Mend: set"):
        placeholders(**environment).fill("${env:CRM_PASSWORD}")


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(MissingSettingError, match=r"`\$\{root\}`"):
        placeholders().fill("${root}/x")
