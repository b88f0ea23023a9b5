"""Real dialogues without times: customers' turns of six lines of business, by plain CSV mapping.

The counts are those of the data's README.
"""

from __future__ import annotations

import gzip
import os
from functools import partial
from pathlib import Path

import pyarrow.compute as pc
import pytest

from connectors.mapping import Context, map_rows
from connectors.reading import read_chunks
from connectors.reading.chunks import Place
from programme.sources import RecordMap
from programme.systems import FileRead

REPOSITORY = Path(__file__).resolve().parents[2]
TURNS = {
    "airline": (3931, 482),
    "fastfood": (4058, 448),
    "finance": (4361, 482),
    "insurance": (3945, 465),
    "media": (3400, 484),
    "software": (3641, 473),
}
READ = FileRead.model_validate({"pattern": "*.tsv.gz", "delimiter": "\t"})
MAPPING = RecordMap.model_validate(
    {
        "record": "interaction_turn",
        "fields": {
            "interaction_id": {"column": "conversationId", "required": True},
            "turn_id": {"column": "utteranceId", "required": True},
            "speaker": {"const": "customer"},
            "text": "utterance",
        },
    }
)


@pytest.fixture(scope="module")
def dialogues() -> Path:
    shared = Path(os.environ.get("CXLOOP_SHARED", REPOSITORY.parent / "shared"))
    path = shared / "data" / "conversations_multidogo"
    if not path.is_dir():
        pytest.skip(f"the dialogues are not there: {path}")
    return path


@pytest.mark.parametrize("business", TURNS)
def test_every_turn_is_mapped_and_none_has_a_time(dialogues: Path, business: str) -> None:
    path = dialogues / f"{business}_test_turns.tsv.gz"
    place = Place("chats", "turns", path.name)
    count, found, times = 0, set(), 0
    for chunk in read_chunks(partial(gzip.open, path), READ, place):  # type: ignore[arg-type]
        made = map_rows(chunk.rows, MAPPING, Context("chats", "turns", path.name, "UTC", {}))
        assert not chunk.refusals
        assert not made.refusals
        count += made.table.num_rows
        found |= set(made.table.column("interaction_id").to_pylist())
        for name in ("start_seconds", "end_seconds", "started_at"):
            times += pc.count(made.table.column(name)).as_py()
    assert ((count, len(found)), times) == (TURNS[business], 0)
