"""`cxloop report`: frozen editions, and what they look like before anything is sent."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import PROBLEM_FOUND, AsJson, print_facts, print_json, print_rows, workplace

if TYPE_CHECKING:
    from ledger import Workplace

app = typer.Typer(name="report", help="Frozen editions and their reports.", no_args_is_help=True)


class Language(StrEnum):
    """Languages of the reports."""

    EN = "en"
    JA = "ja"


SHOWN = {
    "benchmark": {"level", "change"},
    "experiment": {"level", "difference", "relative"},
}


@app.command("list", epilog="Example: cxloop report list")
def list_reports(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every frozen edition, its rendered files and how many mails of it went out."""
    from reports.composing import reports_for

    programme, settings, ledger = workplace(ctx)
    rows = []
    for edition in ledger.editions():
        mails = ledger.outbox(edition.edition_id)
        declared = reports_for(programme, edition.kind, edition.subject)
        period = "-".join(edition.edition_id.split("/")[2:])
        patterns = [f"{report}__{edition.subject}__{period}__*.html" for report in declared]
        files = sorted(file for pattern in patterns for file in settings.reports.glob(pattern))
        rows.append(
            {
                "edition": edition.edition_id,
                "state": edition.state,
                "as_of": edition.as_of,
                "reports": sorted(declared),
                "rendered": len(files),
                "sent": sum(mail.state == "sent" for mail in mails),
                "not_sent": sum(mail.state != "sent" for mail in mails),
                "files": files,
            }
        )
    columns = ("edition", "state", "as_of", "reports", "rendered", "sent", "not_sent")
    empty = "nothing is frozen yet: `cxloop run`"
    print_rows(rows, as_json=as_json, empty=empty, columns=columns)


@app.command(
    "preview",
    epilog="Example: cxloop report preview benchmark/customer_half_year/2026H1/r1 --language ja",
)
def preview(
    ctx: typer.Context,
    edition_id: Annotated[str, typer.Argument(help="An edition of `cxloop report list`.")],
    language: Annotated[
        Language | None, typer.Option(help="Tell only of the files in this language.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write page, PDF and mail without sending; exit code 1 if a check would hold it back."""
    from reports.rendering import preview as write_preview

    programme, settings, _ = workplace(ctx)
    written = [
        item
        for item in write_preview(programme, settings, edition_id)
        if language in (None, item.report.language)
    ]
    rows = [
        {
            "report": item.report.report_id,
            "language": item.report.language,
            "page": item.report.html,
            "pdf": item.report.pdf,
            "mail": item.mail,
            "problems": item.problems,
        }
        for item in written
    ]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            print_facts(row, as_json=False)
    if any(row["problems"] for row in rows):
        raise typer.Exit(PROBLEM_FOUND)


def print_edition(place: Workplace, edition_id: str, *, as_json: bool) -> None:
    """A frozen edition's content: all of it as JSON, or its main lines."""
    from analysis.editions import read_edition

    content = read_edition(place.settings, place.ledger, edition_id)
    if as_json:
        print_json(content)
        return
    print_facts(_headlines(content), as_json=False)
    rows = [row for row in content["rows"] if _is_shown(row, content)]
    columns = ("metric", "statistic", "comparison", "estimate", "lower", "upper", "n", "reason")
    print_rows(rows, as_json=False, empty="the edition holds no estimate", columns=columns)


def _is_shown(row: dict[str, Any], content: dict[str, Any]) -> bool:
    in_window = content["kind"] == "experiment" or row["window"] == content["wave"]
    is_total = row["segment_name"] == "all"
    return in_window and is_total and row["statistic"] in SHOWN[content["kind"]]


def _headlines(content: dict[str, Any]) -> dict[str, Any]:
    facts = {name: content[name] for name in ("edition_id", "state", "as_of")}
    facts["title"] = (
        content["title"]["en"] if "title" in content else content["plan"]["title"]["en"]
    )
    if content["reasons"]:
        facts["reasons"] = [reason["code"] for reason in content["reasons"]]
    if "verdict" in content:
        verdict = content["verdict"]
        facts["verdict"] = f"{verdict['decision']} ({verdict['reason']})"
        facts["checks"] = [
            f"{item['name']} {'passed' if item['passed'] else 'failed'}"
            for item in content["checks"]
        ]
        facts["deviations"] = [item["path"] for item in content["deviations"]]
    return facts
