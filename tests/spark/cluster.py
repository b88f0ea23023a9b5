"""A real Spark cluster on the loopback interface: a master, two workers, and one driver.

The driver serves Thrift and Spark Connect from one catalogue. Everything lies under one temporary
directory, every port is free when it is taken, and every process is ended by its process group.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from programme.settings import REPOSITORY

CLIENT = REPOSITORY / ".venv-spark"
HOST = "127.0.0.1"
START_SECONDS = 180.0
_DAEMON_MEMORY = {"SPARK_DAEMON_MEMORY": "256m"}
_LOGGING = """
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex{3}
"""


class ClusterError(RuntimeError):
    """The cluster did not come up; the text ends with the log of the process that failed."""


def why_absent() -> str | None:
    """What is missing for a cluster on this machine, with its mend; None where nothing is."""
    if shutil.which("java") is None:
        return "no Java: apt-get install openjdk-17-jre-headless (Debian)"
    if spark_home() is None:
        return f"no Spark client at {CLIENT}: make setup-spark"
    return None


def spark_home() -> Path | None:
    """The pyspark package of the client environment: it holds the server's jars too."""
    return next(iter(sorted(CLIENT.glob("lib/python3*/site-packages/pyspark"))), None)


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    Attributes:
        root: Configuration, metastore, logs and default warehouse of this cluster.
        master_port: The standalone master.
        thrift_port: HiveServer2 protocol.
        connect_port: Spark Connect.
        workers: The two worker processes; each starts its executor as a child.
    """

    root: Path
    master_port: int
    thrift_port: int
    connect_port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def workers(self) -> list[subprocess.Popen[bytes]]:
        return self.processes[1:3]

    @property
    def connect_url(self) -> str:
        return f"sc://{HOST}:{self.connect_port}"

    @property
    def thrift_url(self) -> str:
        return f"thrift://cxloop@{HOST}:{self.thrift_port}"

    def family(self) -> list[psutil.Process]:
        """Every process of the cluster that runs now."""
        roots = [psutil.Process(process.pid) for process in self.processes]
        return [*roots, *(child for root in roots for child in root.children(recursive=True))]

    def executors(self) -> list[int]:
        """Process ids of the executors that run now."""
        return [
            child.pid
            for worker in self.workers
            for child in psutil.Process(worker.pid).children(recursive=True)
            if is_of(child, "CoarseGrainedExecutorBackend")
        ]


@contextmanager
def running(root: Path) -> Iterator[Cluster]:
    """A small cluster for as long as the block lasts: 1 GB for the driver and for each executor.

    Raises:
        ClusterError: a process ended, or its port did not open within three minutes.
    """
    root.mkdir(parents=True, exist_ok=True)
    master_port, thrift_port, connect_port = free_ports(3)
    cluster = Cluster(root, master_port, thrift_port, connect_port)
    _configure(cluster)
    try:
        _start_master(cluster)
        for name in ("w1", "w2"):
            _start_worker(cluster, name)
        _start_driver(cluster)
        yield cluster
    finally:
        _stop(cluster.processes)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _configure(cluster: Cluster) -> None:
    conf = cluster.root / "conf"
    conf.mkdir()
    (conf / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
    derby = f"jdbc:derby:;databaseName={cluster.root}/metastore_db;create=true"
    settings = {
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.javax.jdo.option.ConnectionURL": derby,
        "spark.sql.warehouse.dir": f"{cluster.root}/warehouse",
        "spark.local.dir": f"{cluster.root}/local",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.coalescePartitions.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.sql.connect.serverStacktrace.enabled": "false",
        "spark.driver.host": HOST,
        "spark.driver.bindAddress": HOST,
        "spark.hadoop.hive.server2.thrift.port": str(cluster.thrift_port),
        "spark.hadoop.hive.server2.thrift.bind.host": HOST,
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.port": str(cluster.connect_port),
        "spark.connect.grpc.binding.address": HOST,
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={cluster.root} -Duser.timezone=UTC",
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
    }
    lines = "".join(f"{name} {value}\n" for name, value in settings.items())
    (conf / "spark-defaults.conf").write_text(lines, encoding="utf-8")


def _start_master(cluster: Cluster) -> None:
    call = ["spark-class", "org.apache.spark.deploy.master.Master", "--host", HOST]
    call += ["--port", str(cluster.master_port), "--webui-port", "0"]
    options = {"SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false"}
    _start(cluster, "master", call, _DAEMON_MEMORY | options)
    _wait_for(cluster, "master", cluster.master_port)


def _start_worker(cluster: Cluster, name: str) -> None:
    call = ["spark-class", "org.apache.spark.deploy.worker.Worker", "--host", HOST]
    call += ["--cores", "1", "--memory", "1500m", "--webui-port", "0"]
    call += ["--work-dir", f"{cluster.root}/work-{name}", f"spark://{HOST}:{cluster.master_port}"]
    _start(cluster, name, call, _DAEMON_MEMORY)


def _start_driver(cluster: Cluster) -> None:
    call = ["spark-submit", "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"]
    call += ["--master", f"spark://{HOST}:{cluster.master_port}", "--driver-memory", "1g"]
    call += ["--executor-memory", "1g", "--executor-cores", "1", "spark-internal"]
    # SPARK_DAEMON_MEMORY would override --driver-memory here
    _start(cluster, "driver", call, {})
    _wait_for(cluster, "driver", cluster.connect_port)
    _wait_for(cluster, "driver", cluster.thrift_port)


def _start(cluster: Cluster, name: str, call: Sequence[str], more: Mapping[str, str]) -> None:
    home = spark_home()
    assert home is not None, why_absent()
    kept = ("PATH", "HOME", "LANG", "JAVA_HOME")
    environment = {key: os.environ[key] for key in kept if key in os.environ} | {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(cluster.root / "conf"),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_NO_DAEMONIZE": "1",
        "HADOOP_USER_NAME": "cxloop",
        "TZ": "UTC",
        **more,
    }
    with (cluster.root / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(home / "bin" / call[0]), *call[1:]],
            env=environment,
            cwd=cluster.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    cluster.processes.append(process)


def _wait_for(cluster: Cluster, name: str, port: int) -> None:
    end = time.monotonic() + START_SECONDS
    process = cluster.processes[-1]
    while not is_listening(port):
        if process.poll() is not None or time.monotonic() > end:
            log = (cluster.root / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            tail = "\n".join(log.splitlines()[-30:])
            raise ClusterError(f"{name}: nothing listens on {port}; its log ends:\n{tail}")
        time.sleep(0.2)


def is_of(process: psutil.Process, word: str) -> bool:
    """Whether the process runs and its command line holds that word."""
    try:
        return any(word in part for part in process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return False


def is_listening(port: int) -> bool:
    """Whether a connection is accepted on that port of the loopback interface."""
    with socket.socket() as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex((HOST, port)) == 0


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Driver first, master last, each with everything it started."""
    for process in reversed(processes):
        _signal(process, signal.SIGTERM)
    end = time.monotonic() + 10
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, end - time.monotonic()))
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
