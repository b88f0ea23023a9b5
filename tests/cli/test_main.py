from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from cli.main import app

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = ("programme", "ledger", "connectors", "analysis", "reports", "dags", "cli")
MENTION = re.compile(r"[`\n](?:\$ )?cxloop ((?:[a-z]+)(?: [a-z]+(?=[ `\n]))?)")
# what has no data to show, and what speaks nothing but JSON
WITHOUT_DATA = {"up", "serve", "certificate"}


def commands(group=None, path=()):
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_command_shows_an_example_and_speaks_json():
    found = dict(commands())
    assert len(found) >= 20, sorted(found)
    for path, command in found.items():
        assert command.help, path
        assert command.epilog.startswith(f"Example: cxloop {' '.join(path)}") or (
            path == ("check",) and "check" in command.epilog
        )
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options or path[-1] in WITHOUT_DATA, path


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_help_is_printed_without_a_programme(cxloop, path):
    result = cxloop("--programme", "/nowhere", *path, "--help")
    assert result.exit_code == 0
    assert "Example: cxloop" in result.stdout


def test_starting_imports_nothing_heavy():
    code = "import sys; sys.argv[1:] = ['--help']; import cli.main; print(' '.join(sys.modules))"
    run = [sys.executable, "-c", code]
    loaded = set(subprocess.run(run, cwd=REPOSITORY, capture_output=True, text=True).stdout.split())
    assert "cli.main" in loaded
    heavy = (
        "pandas numpy pyarrow duckdb sqlalchemy airflow dlt matplotlib pydantic analysis reports"
    )
    assert not loaded & set(heavy.split())


def test_python_m_cli_is_the_same_command():
    run = [sys.executable, "-m", "cli", "--help"]
    done = subprocess.run(run, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: cxloop [OPTIONS] COMMAND")


def test_a_named_error_is_one_message_and_exit_code_1(cxloop):
    (cxloop.programme / "programme.yml").unlink()
    result = cxloop("source", "list")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "Mend: point CXLOOP_PROGRAMME (or --programme)" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_ledger_that_cannot_be_opened_is_a_named_error(cxloop, monkeypatch):
    monkeypatch.setenv("CXLOOP_LEDGER_URL", "sqlite:////dev/null/ledger.db")
    result = cxloop("outbox", "list")
    assert result.exit_code == 1
    assert "cannot be opened" in result.stderr


def test_a_defect_shows_itself(cxloop, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("ledger.open_workplace", broken)
    result = cxloop("source", "list")
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("run", "--as-of", "2026-13-01"), ("run", "--only", "mail"), ("report",)],
)
def test_wrong_usage_is_exit_code_2(cxloop, arguments):
    assert cxloop(*arguments).exit_code == 2


def test_every_command_that_a_text_names_exists():
    top = typer.main.get_command(app).commands
    known = {path for path, _ in commands()} | {(name,) for name in top}
    files = [
        *REPOSITORY.glob("*.md"),
        *(file for room in ROOMS for file in sorted((REPOSITORY / room).rglob("*.py"))),
    ]
    named = {
        (file.name, tuple(match[1].split()))
        for file in files
        for match in MENTION.finditer(file.read_text(encoding="utf-8"))
    }
    assert len(named) >= 10
    unknown = {
        (file, words)
        for file, words in named
        if words[:1] not in known or (hasattr(top[words[0]], "commands") and words not in known)
    }
    assert not unknown
