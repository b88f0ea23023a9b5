"""A real Airflow on loopback: scheduler, DAG processor, triggerer and API server as processes."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import tenacity

REPOSITORY = Path(__file__).resolve().parents[2]
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
ADMIN = "admin"
MARK = "CXLOOP_STACK"
_PR_SET_PDEATHSIG = 1


class AirflowStackError(RuntimeError):
    """Airflow could not be started, or one of its processes ended."""


class AirflowBusyError(AirflowStackError):
    """The API server could not answer just now."""


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody holds now; all held at once, so that they differ."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports.append(int(listener.getsockname()[1]))
        return ports


@dataclass
class AirflowStack:
    """One Airflow installation in ``home``, with SQLite metadata.

    Each component is a session of its own, so that a whole process group can be ended.
    ``extra`` is added to the environment of every component and so of every task.
    """

    home: Path
    extra: Mapping[str, str]
    port: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _token: str = ""

    def __post_init__(self) -> None:
        ports = free_ports(3)
        self.port = self.port or ports[0]
        self._log_ports = ports[1:]
        self.home.mkdir(parents=True, exist_ok=True)
        self._secrets = _kept_secrets(self.home / "secrets.json")

    @property
    def url(self) -> str:
        """Where the UI and the REST API answer."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        """The password of the user ``admin``."""
        return self._secrets["admin"]

    @property
    def environment(self) -> dict[str, str]:
        """What every Airflow process is given: loopback only, no examples, no telemetry."""
        worker_port, trigger_port = self._log_ports
        passwords = self.home / "passwords.json"
        airflow = {
            "CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "4",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__FERNET_KEY": self._secrets["fernet"],
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}?timeout=60",
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self.port),
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API__EXPOSE_CONFIG": "False",
            "API__SECRET_KEY": self._secrets["api"],
            "API_AUTH__JWT_SECRET": self._secrets["jwt"],
            "LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "LOGGING__WORKER_LOG_SERVER_PORT": str(worker_port),
            "LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_port),
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "5",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        own = {f"AIRFLOW__{name}": value for name, value in airflow.items()}
        quiet = {"DO_NOT_TRACK": "1", "SCARF_ANALYTICS": "false", "TZ": "UTC"}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        return (
            inherited
            | quiet
            | own
            | {"AIRFLOW_HOME": str(self.home), MARK: str(self.home)}
            | dict(self.extra)
        )

    def start(self, *, say: Callable[[str], None] = lambda _: None) -> None:
        """Migrate the metadata and start every component; returns once all of them are healthy.

        Raises:
            AirflowStackError: naming the component and the tail of its log.
        """
        (self.home / "passwords.json").write_text(json.dumps({ADMIN: self.password}))
        self._run_once("db", "migrate")
        for component in COMPONENTS:
            self._start(component)
        self._wait_until_healthy(say)

    def stop(self, *, patience_seconds: float = 20.0) -> None:
        """End every process group; those that do not follow are killed."""
        for process in self.processes.values():
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + patience_seconds
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            _signal_group(process, signal.SIGKILL)
            process.wait()
        self.processes.clear()
        # A task is a process group of its own.
        end_left_overs(self.home)

    def check_alive(self) -> None:
        """Raise AirflowStackError where a component has ended."""
        for component, process in self.processes.items():
            if process.poll() is not None:
                raise AirflowStackError(
                    f"Airflow's {component} ended (exit {process.returncode}). Nothing is lost: "
                    f"what landed stays, and no mail goes twice. Mend: run the same command again; "
                    f"the log is {self._log(component)}\n{_tail(self._log(component))}"
                )

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type((AirflowBusyError, httpx.TransportError)),
        stop=tenacity.stop_after_attempt(7),
        wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=8),
        reraise=True,
    )
    def call(self, method: str, path: str, **request: Any) -> Any:
        """One call of the REST API (``/api/v2`` + path) as the admin; the decoded answer.

        SQLite lets one process write: under load the server answers 500, and is asked again. What
        is asked twice must therefore carry its own id; that it is there already (409) is no error.
        """
        with httpx.Client(base_url=self.url, timeout=60) as client:
            if not self._token:
                credentials = {"username": ADMIN, "password": self.password}
                answer = client.post("/auth/token", json=credentials).raise_for_status()
                self._token = answer.json()["access_token"]
            headers = {"Authorization": f"Bearer {self._token}"}
            answer = client.request(method, f"/api/v2{path}", headers=headers, **request)
            if answer.is_error and answer.status_code != httpx.codes.CONFLICT:
                kind = AirflowBusyError if answer.is_server_error else AirflowStackError
                raise kind(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
            return answer.json() if answer.content else None

    def _start(self, component: str) -> None:
        log = self._log(component)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self.processes[component] = subprocess.Popen(
                [sys.executable, "-m", "airflow", component],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def _run_once(self, *arguments: str) -> None:
        command: Sequence[str] = [sys.executable, "-m", "airflow", *arguments]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr)[-2000:]
            raise AirflowStackError(f"`airflow {' '.join(arguments)}` failed:\n{said}")

    def _wait_until_healthy(
        self, say: Callable[[str], None], patience_seconds: float = 180
    ) -> None:
        deadline = time.monotonic() + patience_seconds
        waiting: list[str] = []
        while time.monotonic() < deadline:
            self.check_alive()
            with contextlib.suppress(httpx.HTTPError, ValueError):
                health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
                now = [name for name, part in health.items() if part.get("status") != "healthy"]
                if now != waiting:
                    say(f"waiting for {', '.join(now)}" if now else "healthy")
                waiting = now
                if not waiting:
                    return
            time.sleep(0.5)
        raise AirflowStackError(
            f"Airflow was not healthy after {patience_seconds:.0f} s: {waiting or 'no answer'}. "
            f"Mend: look into {self.home / 'logs'}; on a loaded machine, run the command again"
        )

    def _log(self, component: str) -> Path:
        return self.home / "logs" / f"{component}.log"


def end_with_parent() -> None:
    """On Linux, have this process terminated when its parent dies, however the parent dies."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end_left_overs(home: Path) -> int:
    """Kill what an interrupted run in ``home`` left running; how many processes that were."""
    found = left_overs(home)
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(found, timeout=10)
    return len(found)


def left_overs(home: Path) -> list[psutil.Process]:
    """Processes of the installation in ``home``.

    They are marked in their environment; where Airflow's process title has overwritten that, an
    ``airflow`` process at work in ``home`` is meant.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            is_marked = process.environ().get(MARK) == str(home)
            is_airflow = "airflow" in " ".join(process.cmdline()) and process.cwd() == str(home)
            if (is_marked or is_airflow) and process.pid != os.getpid():
                found.append(process)
    return found


def _kept_secrets(file: Path) -> dict[str, str]:
    """Secrets of this installation, made once and readable by the owner only."""
    from cryptography.fernet import Fernet

    if not file.exists():
        made = {name: secrets.token_urlsafe(48) for name in ("api", "jwt")}
        made |= {"admin": secrets.token_urlsafe(9), "fernet": Fernet.generate_key().decode()}
        file.touch(mode=0o600)
        file.write_text(json.dumps(made))
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _tail(log: Path, lines: int = 12) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
