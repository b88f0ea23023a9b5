"""A Postgres of the test's own: an empty cluster on a free loopback port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "cxloop"
NOBODY = ("postgres", "nobody")


class PostgresTestError(RuntimeError):
    """The server did not start; with what it said."""


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; Debian keeps it off the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parts[-2])
    return next((each for each in reversed(folders) if (each / "initdb").is_file()), None)


def why_absent() -> str | None:
    """Why no server can be started here, with the mend; None where one can."""
    if binaries() is None:
        return "no Postgres server is installed. Mend: apt-get install postgresql"
    if os.geteuid() == 0 and _unprivileged() is None:
        return f"Postgres does not run as root and there is no user {' or '.join(NOBODY)}"
    return None


@contextmanager
def running() -> Iterator[str]:
    """The address of the empty database ``cx`` of a server in Tokyo that sorts as English does.

    Raises:
        PostgresTestError: it did not start.
    """
    folder = binaries()
    assert folder is not None, why_absent()
    root = Path(tempfile.mkdtemp(prefix="cxloop-postgres-"))
    user = _unprivileged() if os.geteuid() == 0 else None
    if user is not None:
        os.chown(root, user, -1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, log = root / "data", root / "log"
    make = [folder / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8"]
    options = f"-p {port} -h 127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    options += " -c full_page_writes=off -c timezone=Asia/Tokyo"
    control = [folder / "pg_ctl", "-D", data, "-w", "-l", log]
    try:
        _run([*make, "--locale=C.UTF-8", *_english(folder)], user, log)
        _run([*control, "-o", options, "start"], user, log)
        try:
            address = f"postgresql://{USER}@127.0.0.1:{port}"
            _run([folder / "psql", f"{address}/postgres", "-qc", "create database cx"], user, log)
            yield f"{address}/cx"
        finally:
            _run([*control, "-m", "immediate", "stop"], user, log)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _english(folder: Path) -> list[str]:
    """Sorting that is not by bytes, from the server's own library; Postgres has it since 15."""
    told = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, check=True)
    major = int(told.stdout.split()[2].split(".")[0])
    return ["--locale-provider=icu", "--icu-locale=en-US"] if major >= 15 else []


def _run(call: list[object], user: int | None, log: Path) -> None:
    done = subprocess.run(
        [str(part) for part in call],
        user=user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        said = log.read_text(errors="replace") if log.is_file() else ""
        raise PostgresTestError(f"{call[0]}: {done.stdout}{done.stderr}{said[-2000:]}")


def _unprivileged() -> int | None:
    for name in NOBODY:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None
