"""JSON lines: answers and invitations of the touchpoint surveys, and the experiments' exposures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import DAY, HISTORY_END, JST_OFFSET, NEVER, Ints, stream, utc_text
from cli.demo.company.comments import write_comments
from cli.demo.company.crm import order_numbers
from cli.demo.company.population import Population
from cli.demo.company.records import write_json_lines
from cli.demo.company.tickets import Tickets
from cli.demo.company.touchpoints import NO_SCORE, Questioning
from cli.demo.company.trials import Exposures

_CODES = {"ticket": "TKT", "delivery": "DLV", "onboarding": "ONB"}
_TOPICS = {"ticket": "support_quality", "delivery": "delivery_experience",
           "onboarding": "ease_of_setup"}  # fmt: skip
_COMMENT_SHARE = 0.12
_REPEATED_EXPOSURES = 0.05


@dataclass
class Streamed:
    """What was written: answers, copies, and the numbers of repeated exposures."""

    answers: int = 0
    repeated_answers: int = 0
    exposures: dict[str, int] = field(default_factory=dict)
    repeated_exposures: int = 0


def write_touchpoints(
    directory: Path,
    population: Population,
    tickets: Tickets,
    *,
    questionings: list[Questioning],
    order_count: int,
    seed: int,
) -> Streamed:
    """Write invitations and answers, one file of each per calendar year, dirt included."""
    done = Streamed()
    invitations: list[tuple[int, dict[str, Any]]] = []
    answers: list[tuple[int, dict[str, Any]]] = []
    orders = order_numbers(order_count)
    for asked in questionings:
        subject = _subjects(asked, tickets, orders.tolist())
        invitations += _invitations(asked, population, subject)
        answers += _answers(asked, population, subject, seed=seed)
    answers.sort(key=lambda pair: (pair[0], pair[1]["responseId"]))
    invitations.sort(key=lambda pair: (pair[0], pair[1]["inviteId"]))
    lines = [line for _, line in answers]
    copies = lines[100 : 100 + planted.DIRT["touchpoints_duplicate"]]
    done.answers = sum(len(line["answers"]) for line in lines)
    done.repeated_answers = sum(len(line["answers"]) for line in copies)
    extra = copies + list(_broken(lines))
    years = sorted({_year(moment) for moment, _ in invitations})
    for year in years:
        sent = (line for moment, line in invitations if _year(moment) == year)
        write_json_lines(directory / f"touchpoint_invitations_{year}.jsonl", sent)
        given = [line for moment, line in answers if _year(moment) == year]
        # A replayed queue: the copies and the broken lines arrive with the last file.
        given += extra if year == years[-1] else []
        write_json_lines(directory / f"touchpoint_responses_{year}.jsonl", given)
    return done


def _year(moment: int) -> int:
    return int(np.datetime64(moment + JST_OFFSET, "s").astype("datetime64[Y]").astype(int)) + 1970


def _subjects(asked: Questioning, tickets: Tickets, orders: list[str]) -> list[dict[str, Any]]:
    if asked.survey == "ticket":
        numbers = tickets.number[asked.subject].tolist()
        return [{"ticketId": number, "orderNo": None} for number in numbers]
    if asked.survey == "delivery":
        return [{"ticketId": None, "orderNo": orders[k]} for k in asked.subject.tolist()]
    return [{"ticketId": None, "orderNo": None}] * len(asked.subject)


def _stamps(instants: Ints) -> list[str | None]:
    """Local time in Tokyo with its offset, as the tool's queue sends it."""
    local = np.char.replace(utc_text(np.where(instants != NEVER, instants + JST_OFFSET, NEVER)),
                            "Z", "+09:00")  # fmt: skip
    return [text or None for text in local.tolist()]


def _invitations(
    asked: Questioning, population: Population, subject: list[dict[str, Any]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    code = _CODES[asked.survey]
    for place, (moment, number, sent, delivered, answered) in enumerate(
        zip(
            asked.sent.tolist(),
            population.number[asked.customer].tolist(),
            _stamps(asked.sent),
            _stamps(asked.delivered),
            _stamps(asked.answered),
            strict=True,
        )
    ):
        line = {"inviteId": f"{code}-{place + 1:06d}", "surveyCode": code, "customerNo": number}
        stamps = {"sentAt": sent, "deliveredAt": delivered, "answeredAt": answered}
        yield moment, line | subject[place] | {"mode": "EMAIL"} | stamps


def _answers(
    asked: Questioning, population: Population, subject: list[dict[str, Any]], *, seed: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    rng = stream(seed, f"answers {asked.survey}")
    code = _CODES[asked.survey]
    place = np.flatnonzero(asked.answered != NEVER)
    language = population.language[asked.customer[place]]
    good = np.where(asked.csat[place] != NO_SCORE, asked.csat[place] >= 4, asked.ces[place] <= 3)
    topic = np.full(len(place), planted.DRIVERS.index(_TOPICS[asked.survey]))
    texts = write_comments(rng, languages=language, topics=topic, positive=good.astype(np.int64))
    writes = rng.random(len(place)) < _COMMENT_SHARE
    stamps = _stamps(asked.answered[place])
    numbers = population.number[asked.customer[place]].tolist()
    device = rng.choice(["mail", "app"], size=len(place), p=[0.7, 0.3]).tolist()
    for k, at in enumerate(place.tolist()):
        items: list[dict[str, Any]] = []
        if asked.csat[at] != NO_SCORE:
            items.append({"item": "CSAT", "value": int(asked.csat[at])})
        if asked.ces[at] != NO_SCORE:
            items.append({"item": "CES", "value": int(asked.ces[at])})
        if writes[k]:
            items.append({"item": "FREE", "value": texts[k]})
        line = {
            "responseId": f"A-{code}-{at + 1:06d}",
            "surveyCode": code,
            "inviteId": f"{code}-{at + 1:06d}",
            "customerNo": numbers[k],
            "email": f"member{numbers[k][3:]}@example.com",
            **subject[at],
            "lang": str(language[k]),
            "via": device[k],
            "answers": items,
            "respondedAt": stamps[k],
        }
        yield int(asked.answered[at]), line


def _broken(lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    tickets = [line for line in lines if line["surveyCode"] == "TKT"]
    for number in range(planted.DIRT["touchpoints_out_of_scale"]):
        item = [{"item": "CSAT", "value": 9}]
        name = f"A-IMPORT-SCALE{number + 1:03d}"
        yield tickets[number] | {"responseId": name, "inviteId": None, "answers": item}
    for number in range(planted.DIRT["touchpoints_unparsable_date"]):
        item = [{"item": "CSAT", "value": 4}]
        name = f"A-IMPORT-DATE{number + 1:03d}"
        broken = {"responseId": name, "inviteId": None, "answers": item, "respondedAt": "yesterday"}
        yield tickets[number] | broken


def write_exposures(
    file: Path, population: Population, trials: list[Exposures], *, seed: int
) -> Streamed:
    """Write the log of all experiments in order of time; later visits repeat an exposure."""
    done = Streamed()
    rng = stream(seed, "exposure log")
    lines: list[tuple[int, int, dict[str, Any]]] = []
    for trial in trials:
        logged = np.flatnonzero(~trial.is_lost)
        assigned, exposed = utc_text(trial.assigned), utc_text(trial.exposed)
        repeats = rng.random(len(trial.customer)) < _REPEATED_EXPOSURES
        both = set(logged[: planted.CHATBOT_IN_BOTH_ARMS].tolist())
        for k in logged.tolist():
            arm = "B" if trial.is_treated[k] else "A"
            line = {
                "exp": trial.trial.id,
                "subject": str(population.number[trial.customer[k]]),
                "arm": arm,
                "assignedTs": str(assigned[k]),
                "exposedTs": str(exposed[k]),
                "sdk": ("ios", "android", "web")[k % 3],
            }
            moment = int(trial.exposed[k])
            again = min(moment + DAY + 17 * k % DAY, HISTORY_END)
            lines.append((moment, 0, line))
            if trial.trial is planted.CHATBOT and k in both:
                lines.append((again, 1, line | {"arm": "A" if arm == "B" else "B"} | _at(again)))
            elif repeats[k]:
                lines.append((again, 1, line | _at(again)))
                done.repeated_exposures += 1
        done.exposures[trial.trial.id] = len(logged)
    moment = int(trials[0].exposed[0])
    for number in range(planted.DIRT["exposures_unknown_arm"]):
        junk = {"exp": trials[0].trial.id, "subject": f"QA-{number + 1:04d}", "arm": "QA"}
        lines.append((moment, 2, junk | {"assignedTs": _at(moment)["exposedTs"]} | _at(moment)))
    lines.sort(key=lambda entry: (entry[0], entry[2]["exp"], entry[2]["subject"], entry[1]))
    write_json_lines(file, (line for _, _, line in lines))
    return done


def _at(moment: int) -> dict[str, str]:
    return {"exposedTs": str(utc_text(np.array([moment]))[0])}
