"""The rooms' walls: who imports whom, who opens a database, a socket or a clock, and how long."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "programme": set(),
    "ledger": {"programme"},
    "connectors": {"programme", "ledger"},
    "analysis": {"programme", "ledger"},
    "reports": {"programme", "ledger", "analysis"},
    "dags": {"programme", "ledger", "connectors", "analysis", "reports"},
    "cli": {"programme", "ledger", "connectors", "analysis", "reports", "dags"},
}
LEAST_MODULES = {
    "programme": 12,
    "ledger": 7,
    "connectors": 10,
    "analysis": 15,
    "reports": 10,
    "dags": 5,
    "cli": 5,
}
DATABASES = (
    "sqlite3",
    "duckdb",
    "sqlalchemy",
    "psycopg2",
    "psycopg",
    "asyncpg",
    "pyspark",
    "pyhive",
    "adbc_driver_postgresql",
)
MAY_OPEN_DATABASES = (
    "ledger/",
    "analysis/engines/",
    "connectors/absence.py",
    "connectors/postgres_copy.py",
    "connectors/repetitions.py",
    "connectors/extract_sql.py",
    "cli/demo/",
)
NETWORK = (
    "aiohttp",
    "aiosmtpd",
    "dlt",
    "ftplib",
    "http.client",
    "http.server",
    "httpx",
    "imaplib",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "urllib.request",
    "urllib3",
    "uvicorn",
)
MAY_TOUCH_THE_NETWORK = ("connectors/", "analysis/engines/", "reports/deliver.py", "cli/demo/")
MAY_READ_THE_CLOCK = ("reports/deliver.py", "cli/")
CLOCKS = {"now", "today", "utcnow"}
CLOCK_OWNERS = {"datetime", "date", "Timestamp"}
TIME_CLOCKS = {"time", "time_ns", "localtime", "gmtime", "ctime"}
NOT_IN_DAGS = (*DATABASES, *NETWORK, "pandas", "numpy", "pyarrow", "polars")
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
LONGEST_MODULE = 300
LONGEST_DAG = 80
LONGEST_TASK = 5


@dataclass(frozen=True)
class Module:
    """One Python file; ``path`` is relative to the repository."""

    path: str
    text: str

    @property
    def room(self) -> str:
        return self.path.split("/", maxsplit=1)[0]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)


def modules() -> list[Module]:
    return [
        Module(file.relative_to(REPOSITORY).as_posix(), file.read_text(encoding="utf-8"))
        for room in MAY_IMPORT
        for file in sorted((REPOSITORY / room).rglob("*.py"))
    ]


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, at the top or inside a function."""
    package = module.path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{name}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _last_name(node.func) in (
            "import_module",
            "__import__",
        ):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant):
                    yield node.lineno, str(argument.value)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_within(name: str, roots: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def forbidden_arrows(module: Module) -> Iterator[str]:
    for line, name in imports(module):
        room = name.split(".", maxsplit=1)[0]
        if room in MAY_IMPORT and room not in {module.room, *MAY_IMPORT[module.room]}:
            yield f"{module.path}:{line}: {module.room} must not import {room}"


def open_databases(module: Module) -> Iterator[str]:
    if not module.path.startswith(MAY_OPEN_DATABASES):
        for line, name in imports(module):
            if _is_within(name, DATABASES):
                yield f"{module.path}:{line}: opens a database through {name}"


def open_sockets(module: Module) -> Iterator[str]:
    if not module.path.startswith(MAY_TOUCH_THE_NETWORK):
        for line, name in imports(module):
            if _is_within(name, NETWORK):
                yield f"{module.path}:{line}: touches the network through {name}"


def clock_readings(module: Module) -> Iterator[str]:
    if module.path.startswith(MAY_READ_THE_CLOCK):
        return
    nodes = list(ast.walk(module.tree))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Attribute):
            owner = _last_name(node.value)
            of_dates = node.attr in CLOCKS and (id(node) in called or owner in CLOCK_OWNERS)
            if of_dates or (owner == "time" and node.attr in TIME_CLOCKS):
                yield f"{module.path}:{node.lineno}: reads the clock by {node.attr}"
    for line, name in imports(module):
        if name in {f"time.{clock}" for clock in TIME_CLOCKS}:
            yield f"{module.path}:{line}: reads the clock by {name}"


def long_modules(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    longest = LONGEST_DAG if module.room == "dags" else LONGEST_MODULE
    if lines > longest:
        yield f"{module.path}: {lines} lines, at most {longest}"


def empty_names(module: Module) -> Iterator[str]:
    for part in module.path.removesuffix(".py").split("/"):
        if EMPTY_NAMES & set(part.split("_")):
            yield f"{module.path}: `{part}` says nothing about what it holds"


def work_in_dags(module: Module) -> Iterator[str]:
    if module.room != "dags":
        return
    for line, name in imports(module):
        if _is_within(name, NOT_IN_DAGS):
            yield f"{module.path}:{line}: a DAG works itself through {name}"
    for task in tasks(module):
        lines = _body_lines(module, task)
        if lines > LONGEST_TASK:
            yield f"{module.path}:{task.lineno}: task {task.name} has {lines} lines"


def tasks(module: Module) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and any(map(_is_task, node.decorator_list))
    ]


def _is_task(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return "task" in {_last_name(called), getattr(getattr(called, "value", None), "id", "")}


def _body_lines(module: Module, task: ast.FunctionDef) -> int:
    body = task.body[1:] if ast.get_docstring(task) else task.body
    if not body:
        return 0
    lines = module.text.splitlines()[body[0].lineno - 1 : body[-1].end_lineno]
    return sum(1 for line in lines if line.strip())


RULES: dict[str, Callable[[Module], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        forbidden_arrows,
        open_databases,
        open_sockets,
        clock_readings,
        long_modules,
        empty_names,
        work_in_dags,
    )
}


def test_every_room_is_seen():
    seen = dict.fromkeys(MAY_IMPORT, 0)
    for module in modules():
        seen[module.room] += 1
    too_few = {room: n for room, n in seen.items() if n < LEAST_MODULES[room]}
    assert not too_few, f"modules seen: {seen}"


def test_every_dag_has_its_tasks_seen():
    seen = {
        module.path: len(tasks(module))
        for module in modules()
        if module.room == "dags" and "@dag" in module.text
    }
    assert len(seen) >= 5
    assert all(seen.values()), seen


@pytest.mark.parametrize("rule", RULES)
def test_the_walls_stand(rule):
    found = [violation for module in modules() for violation in RULES[rule](module)]
    assert not found, "\n".join(found)


TASK_OF_SIX_LINES = "@task(pool='p')\ndef f():\n    '''Doc.'''\n" + "    a = 1\n\n" * 6
VIOLATIONS = [
    ("forbidden_arrows", "programme/x.py", "import ledger"),
    ("forbidden_arrows", "ledger/x.py", "from connectors.landing import land"),
    ("forbidden_arrows", "analysis/x.py", "def f():\n    from connectors import records"),
    ("forbidden_arrows", "connectors/x.py", "import analysis.moments as m"),
    ("forbidden_arrows", "reports/x.py", "import importlib\nimportlib.import_module('cli.main')"),
    ("open_databases", "analysis/moments.py", "import duckdb"),
    ("open_databases", "cli/doctor.py", "from sqlalchemy.engine import make_url"),
    ("open_sockets", "analysis/x.py", "from urllib.request import urlopen"),
    ("open_sockets", "reports/x.py", "from http.client import HTTPConnection"),
    ("open_sockets", "cli/doctor.py", "def f():\n    import socket"),
    ("clock_readings", "analysis/x.py", "from datetime import date\nday = date.today()"),
    ("clock_readings", "ledger/x.py", "import datetime as d\nd.datetime.now(d.UTC)"),
    ("clock_readings", "ledger/x.py", "field(default_factory=datetime.utcnow)"),
    ("clock_readings", "connectors/x.py", "import time\ntime.time()"),
    ("clock_readings", "connectors/x.py", "from time import time_ns"),
    ("long_modules", "analysis/x.py", "a = 1\n" * 301),
    ("long_modules", "dags/x.py", "a = 1\n" * 81),
    ("empty_names", "analysis/date_utils.py", ""),
    ("empty_names", "reports/common/x.py", ""),
    ("work_in_dags", "dags/x.py", "@task\ndef f():\n    import pandas as pd"),
    ("work_in_dags", "dags/x.py", TASK_OF_SIX_LINES),
    ("work_in_dags", "dags/x.py", TASK_OF_SIX_LINES.replace("@task", "@task.branch")),
]


@pytest.mark.parametrize(("rule", "path", "text"), VIOLATIONS)
def test_a_breach_is_caught(rule, path, text):
    assert list(RULES[rule](Module(path, text)))


INNOCENT = [
    ("forbidden_arrows", "reports/x.py", "from analysis.results import Estimate"),
    ("forbidden_arrows", "ledger/x.py", "from . import entries\nfrom programme import Settings"),
    ("open_databases", "ledger/migrations/env.py", "import sqlalchemy"),
    ("open_databases", "analysis/x.py", "# duckdb\nname = 'sqlite3'"),
    ("open_sockets", "connectors/x.py", "import httpx"),
    ("open_sockets", "reports/x.py", "from http import HTTPStatus\nfrom urllib.parse import quote"),
    ("clock_readings", "reports/deliver.py", "datetime.now(UTC)"),
    ("clock_readings", "connectors/x.py", "import time\ntime.monotonic()\ntime.sleep(1)"),
    ("clock_readings", "reports/x.py", "change = row.now - row.before"),
    ("empty_names", "analysis/uncommon.py", ""),
    ("work_in_dags", "dags/x.py", "@dag()\ndef f():\n" + "    a = 1\n" * 9),
]


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENT)
def test_what_is_allowed_is_not_reported(rule, path, text):
    assert not list(RULES[rule](Module(path, text)))
