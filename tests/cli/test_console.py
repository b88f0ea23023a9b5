from __future__ import annotations

from datetime import date

import pytest
import typer

from cli.console import CommandError, day, is_named, one_of, print_rows
from ledger import LedgerError


def test_columns_stand_below_each_other_in_japanese_too(capsys):
    print_rows([{"a": "顧客", "b": 1}, {"a": "x", "b": None}], as_json=False, empty="")
    assert capsys.readouterr().out.splitlines() == ["a     b", "顧客  1", "x     -"]


def test_nothing_is_said_on_stderr(capsys):
    print_rows([], as_json=False, empty="nothing here")
    told = capsys.readouterr()
    assert (told.out, told.err.strip()) == ("", "nothing here")
    print_rows([], as_json=True, empty="nothing here")
    assert capsys.readouterr().out.strip() == "[]"


def test_a_day():
    assert day("2026-07-05") == date(2026, 7, 5)
    assert day(None) is None
    with pytest.raises(typer.BadParameter, match="write for example 2026-07-05"):
        day("5 July")


def test_an_unknown_name_gets_the_closest():
    assert one_of("source", "crm", {"crm": 1}) == 1
    with pytest.raises(CommandError, match=r"no source `cmr`\. Mend: did you mean `crm`"):
        one_of("source", "cmr", {"crm": 1})


def test_only_errors_of_the_rooms_are_named():
    assert is_named(LedgerError("a", "b"))
    assert not is_named(KeyError("a"))
