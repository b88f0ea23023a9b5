"""The cluster is what it is said to be: several processes, on the loopback interface only."""

from __future__ import annotations

import psutil
import pytest

from tests.spark.cluster import HOST, Cluster, free_ports, is_listening

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1200)]


def test_two_executors_work_in_processes_of_their_own(cluster: Cluster) -> None:
    assert len(cluster.processes) == 4
    assert len(cluster.executors()) == 2


def test_nothing_listens_beyond_the_loopback_interface(cluster: Cluster) -> None:
    listening = [
        connection.laddr
        for process in cluster.family()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5
    addresses = {address.ip.removeprefix("::ffff:") for address in listening}
    assert addresses <= {HOST, "::1"}, listening


def test_a_free_port_is_one_on_which_nobody_listens() -> None:
    assert not any(map(is_listening, free_ports(3)))
