from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from cli.demo.company import CompanyFiles, generate
from cli.demo.helpdesk import create_app


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


@pytest.fixture(scope="session")
def helpdesk_url(small: CompanyFiles) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(create_app(small.helpdesk, token="t"), log_level="warning", ws="none")
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
