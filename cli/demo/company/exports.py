"""The survey tool's half-yearly CSV exports: relationship invitations and responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import DAY, HOUR, Ints, Texts, stream, tokyo_text
from cli.demo.company.comments import topic_of, with_personal_data, write_comments
from cli.demo.company.population import Population
from cli.demo.company.records import Column, rows_of, write_csv
from cli.demo.company.relationship import Wave

_HEADER = (
    *("ResponseId", "RespondentNo", "InviteId", "SubmittedAt", "LastModified", "Lang", "Device"),
    "Q1_NPS",
    *(f"Q2_{k + 1}" for k in range(len(planted.DRIVERS))),
    "Q3_Free",
)
_NPS, _FIRST_RATING, _COMMENT = 7, 8, 14
_BLANK_SHARE = 0.04
_COMMENT_SHARE = 0.40


@dataclass
class Exported:
    """What was written, beside the files: how many answers, and how much dirt of each kind."""

    answers: int = 0
    repeated_answers: int = 0
    comments_with_personal_data: int = 0
    rows: dict[str, int] = field(default_factory=dict)


def write_exports(
    directory: Path, population: Population, waves: list[Wave], *, seed: int
) -> Exported:
    """Write two files per wave and spread the dirt over the waves."""
    done = Exported()
    for place, wave in enumerate(waves):
        rng = stream(seed, f"export {wave.name}")
        invitation = np.array([f"INV-{wave.name}-{k + 1:05d}" for k in range(len(wave.customer))])
        _write_invitations(directory, population, wave, invitation)
        rows = _responses(rng, population, wave, invitation)
        _plant_personal_data(rows, place=place, done=done)
        rows += _repeated(rows, place=place, done=done) + _broken(rows, place=place)
        file = directory / f"relationship_responses_{wave.name}.csv"
        write_csv(file, header=_HEADER, rows=rows)
        done.rows[file.name] = len(rows)
    return done


def share_of(kind: str, place: int) -> range:
    """Numbers of the planted rows of a kind that fall to the wave at ``place``."""
    return range(place, planted.DIRT[kind], len(planted.WAVES))


def _write_invitations(
    directory: Path, population: Population, wave: Wave, invitation: Texts
) -> None:
    rows = rows_of(
        invitation,
        population.number[wave.customer],
        np.full(len(invitation), "EMAIL"),
        tokyo_text(wave.sent, separator="/"),
        tokyo_text(wave.delivered, separator="/"),
        tokyo_text(wave.opened, separator="/"),
        tokyo_text(wave.answered, separator="/"),
    )
    header = ("InviteId", "CustomerNo", "Mode", "SentAt", "DeliveredAt", "OpenedAt", "AnsweredAt")
    file = directory / f"relationship_invitations_{wave.name}.csv"
    write_csv(file, header=header, rows=rows)


def _responses(
    rng: np.random.Generator, population: Population, wave: Wave, invitation: Texts
) -> list[list[Any]]:
    place = np.flatnonzero(wave.is_answered)
    place = place[np.lexsort((place, wave.answered[place]))]
    customer, ratings, nps = wave.customer[place], wave.ratings[place], wave.nps[place]
    submitted = tokyo_text(wave.answered[place], separator="/")
    blank = rng.random(ratings.shape) < _BLANK_SHARE
    shown = np.where(blank, "Blank", ratings.astype("<U5"))
    language = population.language[customer]
    columns: tuple[Column, ...] = (
        [f"R-{wave.name}-{k + 1:05d}" for k in range(len(place))],
        population.number[customer],
        invitation[place],
        submitted,
        submitted,
        np.where(language == "ja", "JA", "EN"),
        rng.choice(["PC", "SP", "APP"], size=len(place), p=[0.3, 0.5, 0.2]),
        nps.astype(str),
        *(shown[:, k] for k in range(shown.shape[1])),
        _comments(rng, language, ratings, nps),
    )
    return [list(row) for row in rows_of(*columns)]


def _comments(rng: np.random.Generator, language: Texts, ratings: Ints, nps: Ints) -> list[str]:
    positive = np.where(nps >= 8, 1, np.where(nps <= 6, 0, rng.integers(0, 2, len(nps))))
    topic = topic_of(rng, ratings, positive)
    texts = write_comments(rng, languages=language, topics=topic, positive=positive)
    writes = rng.random(len(nps)) < _COMMENT_SHARE
    return [text if written else "" for text, written in zip(texts, writes, strict=True)]


def _plant_personal_data(rows: list[list[Any]], *, place: int, done: Exported) -> None:
    commented = [row for row in rows if row[_COMMENT]]
    for row, number in zip(commented, share_of("comments_with_personal_data", place), strict=False):
        language = "ja" if row[5] == "JA" else "en"
        row[_COMMENT] = with_personal_data(row[_COMMENT], language, number=number + 1)
        done.comments_with_personal_data += 1


def _repeated(rows: list[list[Any]], *, place: int, done: Exported) -> list[list[Any]]:
    """Exact copies of some rows, and the earlier state of others."""
    copies = [list(row) for row in rows[10 : 10 + len(share_of("responses_duplicate", place))]]
    done.answers += sum(_answers(row) for row in rows)
    done.repeated_answers += sum(_answers(row) for row in copies)
    earlier = []
    for row in rows[40 : 40 + len(share_of("responses_updated", place))]:
        old = list(row)
        old[_NPS] = str(max(0, int(row[_NPS]) - 3))
        row[4] = _later(row[4])
        earlier.append(old)
    return copies + earlier


def _later(text: str) -> str:
    stamp = np.datetime64(text.replace("/", "-").replace(" ", "T"), "s").astype(np.int64)
    moved = np.array([int(stamp) + DAY + HOUR - 9 * HOUR])
    return str(tokyo_text(moved, separator="/")[0])


def _broken(rows: list[list[Any]], *, place: int) -> list[list[Any]]:
    """Rows of which exactly one answer is there, and that one must end in quarantine."""
    broken: list[list[Any]] = []
    kinds = ("responses_out_of_scale", "responses_text_score", "responses_unparsable_date")
    for kind in kinds:
        for number in share_of(kind, place):
            row = [*rows[number % len(rows)][:7], "Blank", *["Blank"] * len(planted.DRIVERS), ""]
            row[0], row[2] = f"R-IMPORT-{kind[10:13].upper()}{number + 1:03d}", ""
            if kind == "responses_out_of_scale":
                row[_NPS] = "11"
            elif kind == "responses_text_score":
                row[_FIRST_RATING + number % len(planted.DRIVERS)] = "n/a?"
            else:
                row[_NPS], row[3] = "7", "31/13/2025 25:61"
            broken.append(row)
    return broken


def _answers(row: list[Any]) -> int:
    return sum(value not in ("", "Blank") for value in row[_NPS:])
