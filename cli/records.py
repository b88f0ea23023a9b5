"""`cxloop records`: the canonical records, column by column."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import AsJson, one_of, print_rows


def records(
    name: Annotated[
        str | None, typer.Argument(help="A record, for example feedback; all without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a source can be mapped to: every field with its type and meaning."""
    from connectors.records import RECORDS

    if name is None:
        rows = [
            {
                "record": record.name,
                "key": ", ".join(record.key),
                "dated_by": record.occurred,
                "fields": len(record.fields),
            }
            for record in RECORDS.values()
        ]
        print_rows(rows, as_json=as_json, empty="there are no records")
        return
    one_of("record", name, RECORDS)
    record = RECORDS[name]
    fields = [
        {
            "field": field.name,
            "type": field.type,
            "key": "key" if field.name in record.key else "",
            "meaning": field.meaning,
        }
        for field in record.fields
    ]
    print_rows(fields, as_json=as_json, empty="the record has no fields")
