"""The mail server of Airflow's connection `smtp_default`, read without Airflow's database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cli.console import CommandError

if TYPE_CHECKING:
    from reports.deliver import SmtpSettings

VARIABLE = "AIRFLOW_CONN_SMTP_DEFAULT"
MEND = f"set {VARIABLE}, for example to smtp://user:password@mail.example.com:587"


def smtp_settings() -> SmtpSettings:
    """The server by the variable in which Airflow, too, looks first.

    Raises:
        CommandError: the variable is not set.
    """
    from airflow.sdk import BaseHook

    from reports.deliver import SmtpSettings

    if not os.environ.get(VARIABLE):
        raise CommandError("no mail server is named", MEND)
    return SmtpSettings.from_connection(BaseHook.get_connection("smtp_default"))
