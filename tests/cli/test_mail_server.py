from __future__ import annotations

import socket

import pytest

from cli.console import CommandError
from cli.mail_server import smtp_settings


@pytest.fixture
def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_the_server_is_the_one_that_airflow_would_use(cxloop, monkeypatch):
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_DEFAULT",
        '{"conn_type": "smtp", "host": "127.0.0.1", "port": 2525, "login": "cx", "password": "p",'
        ' "extra": {"disable_ssl": true, "disable_tls": true, "timeout": 3}}',
    )
    smtp = smtp_settings()
    assert (smtp.host, smtp.port, smtp.username, smtp.password) == ("127.0.0.1", 2525, "cx", "p")
    assert (smtp.security, smtp.timeout_seconds) == ("none", 3)


def test_without_the_variable_the_mend_shows_how(cxloop):
    with pytest.raises(CommandError, match="set AIRFLOW_CONN_SMTP_DEFAULT, for example"):
        smtp_settings()


def test_a_server_that_is_away_is_a_failure_of_the_doctor(cxloop, monkeypatch, closed_port):
    from cli import environment

    monkeypatch.setattr(environment, "packages", lambda: iter(()))
    monkeypatch.setenv("AIRFLOW_HOME", str(cxloop.root / "airflow"))
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_DEFAULT",
        f"smtp://127.0.0.1:{closed_port}?disable_ssl=true&disable_tls=true&timeout=2",
    )
    found = {item["topic"]: item for item in cxloop.json("doctor", exit_code=1)}
    assert found["mail"]["state"] == "fail"
    assert f"127.0.0.1:{closed_port}" in found["mail"]["what"]
