"""### publish_reports: from frozen editions to mailboxes.

Runs whenever a readout was frozen. **render** writes HTML and PDF of each edition that has a
declared report, and refuses one with a blank chart, a missing glyph or a number without a source.
**deliver** mails each edition to each recipient once: the mail is claimed in the outbox before the
SMTP conversation begins.

**When it fails.** `SMTP … refused`: the mails stay claimed; clear *deliver* when the server is
back. `in doubt`: a send was cut off and no journal says how it ended; see `cxloop outbox list`.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from dags.hand_overs import BENCHMARK_READOUTS, EXPERIMENT_READOUTS, START, task_defaults
from ledger import open_workplace


@dag(
    schedule=(BENCHMARK_READOUTS | EXPERIMENT_READOUTS),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("insights"),
    tags=["report"],
    description="HTML and PDF in Japanese and English, mailed exactly once",
    doc_md=__doc__,
)
def publish_reports() -> None:
    """Render, then deliver."""

    @task
    def render() -> list[str]:
        from reports.rendering import render_due

        return [str(report) for report in render_due(*open_workplace())]

    @task
    def deliver() -> list[str]:
        from airflow.sdk import BaseHook

        from reports.deliver import SmtpSettings, deliver_due, require_delivered

        smtp = SmtpSettings.from_connection(BaseHook.get_connection("smtp_default"))
        found = deliver_due(*open_workplace(), smtp=smtp)
        return [str(mail) for mail in require_delivered(found)]

    render() >> deliver()


publish_reports()
