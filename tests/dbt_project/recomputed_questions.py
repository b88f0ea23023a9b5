"""The means of declared questions once more, answer by answer, from a world's clean records."""

from __future__ import annotations

from collections.abc import Iterator

from tests.dbt_project import world
from tests.dbt_project.recomputed_events import Event, Measured
from tests.dbt_project.world import END, World


def events_of(company: World) -> Iterator[Event]:
    """One event per answer on the scale that its question declares."""
    measured = Measured(company)
    declared = {
        (row["survey_id"], row["question_id"]): (row["scale_min"], row["scale_max"])
        for row in world.DECLARED["question"]
    }
    for row in company.clean["feedback"]:
        scale = declared.get((row["survey_id"], row["question_id"]))
        if row["score"] is None or row["responded_at"] >= END:
            continue
        if scale != (row["scale_min"], row["scale_max"]):
            continue
        customer, segments = measured.placed_answer(row)
        distance = row["score"] - scale[0]
        yield Event(
            f"question__{row['survey_id']}__{row['question_id']}",
            row["response_id"],
            customer,
            row["responded_at"],
            scale[0] + distance if row["is_high_good"] else scale[1] - distance,
            measured.design_weight(row) * measured.nonresponse_weight(row),
            segments,
        )
