"""A small seeded company: clean records, and noise around them that must change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from connectors.records import RECORDS
from tests.dbt_project import world_service, world_value
from tests.dbt_project.declared_health import HEALTH
from tests.dbt_project.lake import Partition

AS_OF = "2026-07-05"
START = datetime(2024, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 6, tzinfo=UTC)
LOADED = "2026-07-05"
WAVES = {
    "2025H1": (date(2025, 1, 1), date(2025, 7, 1)),
    "2025H2": (date(2025, 7, 1), date(2026, 1, 1)),
    "2026H1": (date(2026, 1, 1), date(2026, 7, 1)),
    "2026H2": (date(2026, 7, 1), date(2027, 1, 1)),
}
METRICS = (
    "nps",
    "csat_top_two_rate",
    "csat_mean",
    "ces_mean",
    "survey_response_rate",
    "survey_invite_rate",
    "survey_delivery_rate",
    "survey_open_rate",
    "first_reply_calendar_minutes",
    "resolution_calendar_minutes",
    "repeat_contact_rate",
    "ticket_reopen_rate",
    "repeat_purchase_rate",
    "late_delivery_rate",
    "renewal_rate",
    "monthly_churn_rate",
    "monthly_active_days",
    *world_service.METRICS,
    *world_value.METRICS,
)
# Named by no benchmark of this world, which asks each kind of question of one population only.
POPULATION_METRICS = tuple(
    f"{population}_{score}"
    for population in ("relational", "transactional")
    for score in ("nps", "csat_top_two_rate", "csat_mean", "ces_mean")
)
QUESTION_METRICS = (
    "question__relationship__recommend",
    "question__relationship__ease",
    "question__relationship__price",
    "question__transaction__satisfied",
)
EXPERIMENT_METRICS = [name for name in METRICS if name not in world_value.NOT_OF_UNITS_IN_TIME]
BENCHMARK_SEGMENTS = ("plan", "channel", "delivery_punctuality")
WEIGHT_SEGMENTS = ("plan", "country")
EXPERIMENT = {
    "experiment_id": "callback",
    "unit": "customer",
    "starts_on": date(2026, 2, 1),
    "ends_on": date(2026, 3, 31),
    "window_days": 45.0,
    "pre_period_days": 90.0,
    "control_variant": "control",
    "use_cuped": True,
}
CLUSTERED = {**EXPERIMENT, "experiment_id": "account_care", "unit": "account"}
DECLARED: dict[str, list[dict[str, Any]]] = {
    **world_service.declared(),
    "wave": [
        {
            "benchmark_id": "half_yearly",
            "wave": wave,
            "previous_wave": before,
            "starts_on": WAVES[wave][0],
            "ends_before": WAVES[wave][1],
        }
        for before, wave in zip([None, *WAVES], WAVES, strict=False)
    ],
    "benchmark_metric": [
        {"benchmark_id": "half_yearly", "metric": metric}
        for metric in (*METRICS, *QUESTION_METRICS, "question__transaction__effort")
    ],
    "source_record": [
        {"source": "main", "record": record, "freshness_hours": hours}
        for record, hours in (("order", 72.0), ("usage", 1.0), ("feedback", None), ("cost", 24.0))
    ]
    + [{"source": "gone", "record": "order", "freshness_hours": 24.0}],
    "metric_break": [
        {
            "break_id": break_id,
            "metric": metric,
            "broke_on": broke_on,
            "segment_name": "channel" if value != "all" else "all",
            "segment_value": value,
            "what": "mode",
            "comparison": "flag",
            "reason_en": "Asked otherwise.",
            "reason_ja": "調査方法の変更",
        }
        for break_id, metric, broke_on, value in (
            ("first", "nps", date(2025, 3, 1), "all"),
            ("app", "csat_mean", date(2025, 7, 1), "app"),
            ("later", "nps", date(2026, 2, 1), "all"),
            ("unnamed", "no_such_metric", date(2026, 2, 1), "all"),
        )
    ],
    "touchpoint": [
        {"touchpoint": name, "journey_stage": stage, "department": department}
        for name, stage, department in (
            ("support", "use", "customer_support"),
            ("checkout", "purchase", "sales"),
            ("contract", "use", "customer_success"),
        )
    ],
    "touchpoint_metric": [
        {"metric": metric, "touchpoint": name}
        for metric, name in (
            ("repeat_purchase_rate", "checkout"),
            ("renewal_rate", "contract"),
            ("csat_top_two_rate", "checkout"),
        )
    ],
    "question": [
        {
            "survey_id": survey,
            "question_id": item,
            "kind": kind,
            "scale_min": low,
            "scale_max": high,
        }
        for survey, item, kind, low, high in (
            ("relationship", "recommend", "nps", 0.0, 10.0),
            ("relationship", "ease", "rating", 1.0, 5.0),
            ("relationship", "price", "rating", 1.0, 7.0),
            ("transaction", "satisfied", "csat", 1.0, 5.0),
            # asked from 1 to 5: none of its answers lies on the declared scale
            ("transaction", "effort", "ces", 1.0, 7.0),
        )
    ],
    "benchmark_segment": [
        {"benchmark_id": "half_yearly", "segment": segment} for segment in BENCHMARK_SEGMENTS
    ],
    "benchmark_weight": [
        {"benchmark_id": "half_yearly", "segment": segment} for segment in WEIGHT_SEGMENTS
    ],
    "driver_item": [
        {
            "benchmark_id": "half_yearly",
            "survey_id": "relationship",
            "outcome_question_id": "recommend",
            "item_question_id": item,
        }
        for item in ("ease", "price")
    ],
    "experiment": [EXPERIMENT, CLUSTERED],
    "experiment_metric": [
        {"experiment_id": experiment, "metric": metric, "role": "secondary"}
        for experiment in ("callback", "account_care")
        for metric in EXPERIMENT_METRICS
    ],
    "experiment_segment": [
        {"experiment_id": experiment, "segment": "plan"}
        for experiment in ("callback", "account_care")
    ],
    **HEALTH,
    **world_value.DECLARED,
}
_QUESTIONS = {
    "recommend": ("nps", 0, 10, True),
    "ease": ("rating", 1, 5, True),
    "price": ("rating", 1, 7, False),
    "satisfied": ("csat", 1, 5, False),
    "effort": ("ces", 1, 5, False),
}
Record = dict[str, Any]


@dataclass(frozen=True)
class World:
    """``clean`` is what happened; the lake holds it among outdated, deleted and future rows."""

    clean: dict[str, list[Record]]

    def partitions(self) -> list[Partition]:
        """Two loads of every record, the later one with the valid versions."""
        parts = []
        for name, rows in self.clean.items():
            old, new = _noisy(name, rows)
            parts.append(Partition(name, "main", "2026-07-01", old))
            parts.append(Partition(name, "main", LOADED, new))
        return parts


def simulate(*, seed: int) -> World:
    """Records of 160 customers over eighteen months; nulls, ties and Unicode included."""
    draw = np.random.default_rng(seed)
    customers = [f"顧客-{number:03d}" for number in range(160)]
    orders = _orders(draw, customers)
    interactions, events = _interactions(draw, customers)
    invitations, feedback = _surveys(draw, customers)
    # from a stream of its own, so that nothing drawn before changes
    invitations = _funnel(np.random.default_rng([seed, 1]), invitations)
    feedback += _transactional(draw, orders, interactions)
    clean = {
        "customer": _customers(draw, customers),
        "order": orders,
        "interaction": interactions,
        "interaction_event": events,
        "invitation": invitations,
        "feedback": feedback,
        "usage": _usage(draw, customers),
        "outcome": _outcomes(draw, customers),
        "exposure": [*_exposures(draw, customers), *_exposed_accounts()],
    }
    clean = world_value.enriched(clean, seed=seed)
    return World(world_service.enriched(clean, seed=seed))


def _noisy(name: str, rows: list[Record]) -> tuple[list[Record], list[Record]]:
    """Outdated versions and deleted keys in the old load; the truth and the future in the new."""
    record = RECORDS[name]
    early, late = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    texts = [f.name for f in record.fields if f.type == "text" and f.name not in record.key]
    outdated = [{**row, **dict.fromkeys(texts, "outdated"), "version": early} for row in rows[::3]]
    new = [{**row, "version": late} for row in rows]
    first_key = record.key[0]
    for row in rows[:20]:
        deleted = {**row, first_key: f"deleted {row[first_key]}"}
        outdated.append({**deleted, "version": early})
        new.append({**deleted, "version": late, "deleted_at": late})
        after = date(2026, 7, 6) if record.occurred in ("usage_date", "cost_date") else END
        future = {**row, first_key: f"future {row[first_key]}", record.occurred: after}
        new.append({**future, "eligible_at": after} if name == "invitation" else future)
    return outdated, new


def _instant(draw: np.random.Generator, start: datetime = START, end: datetime = END) -> datetime:
    return start + timedelta(seconds=int(draw.integers(0, int((end - start).total_seconds()))))


def _maybe(draw: np.random.Generator, value: Any, share: float) -> Any:
    return value if draw.random() < share else None


def _customers(draw: np.random.Generator, customers: list[str]) -> list[Record]:
    rows = []
    for customer in customers:
        joined = _instant(draw, START, datetime(2025, 6, 1, tzinfo=UTC))
        churned = _maybe(draw, _instant(draw, joined), 0.4)
        rows += [
            {
                "customer_id": customer,
                "valid_from": valid_from,
                "country": _maybe(draw, str(draw.choice(["JP", "US"])), 0.9),
                "plan": str(draw.choice(["無料", "basic", ""])),
                "joined_at": joined,
                "churned_at": churned,
            }
            for valid_from in sorted({joined, _instant(draw, joined)})
        ]
    return rows


def _orders(draw: np.random.Generator, customers: list[str]) -> list[Record]:
    rows = []
    for number in range(500):
        ordered = _instant(draw)
        rows.append(
            {
                "order_id": f"o{number}",
                "customer_id": _maybe(draw, str(draw.choice(customers)), 0.95),
                "kind": str(draw.choice(["purchase", "purchase", "renewal"])),
                "business_unit": str(draw.choice(["銀座店", "online"])),
                "design_weight": _maybe(draw, float(draw.integers(1, 5)), 0.5),
                "ordered_at": ordered,
                "promised_at": _maybe(draw, ordered + timedelta(days=4), 0.9),
                "delivered_at": _maybe(
                    draw, ordered + timedelta(hours=int(draw.integers(20, 150))), 0.9
                ),
                "canceled_at": _maybe(draw, ordered + timedelta(hours=1), 0.05),
            }
        )
    return rows


def _interactions(
    draw: np.random.Generator, customers: list[str]
) -> tuple[list[Record], list[Record]]:
    tickets, events = [], []
    for number in range(500):
        opened = _instant(draw)
        ticket = f"t{number}"
        tickets.append(
            {
                "interaction_id": ticket,
                "customer_id": _maybe(draw, str(draw.choice(customers[:80])), 0.95),
                "kind": str(draw.choice(["ticket", "ticket", "chat"])),
                "channel": _maybe(draw, str(draw.choice(["email", "phone"])), 0.9),
                "touchpoint": "support",
                "opened_at": opened,
            }
        )
        kinds = ["opened", "replied", "resolved", "reopened", "resolved", "closed"]
        at = opened
        for step, kind in enumerate(kinds[: int(draw.integers(1, 7))]):
            event = {"interaction_id": ticket, "event_id": f"e{step}", "kind": kind}
            actor = str(draw.choice(["agent", "bot", "customer"])) if kind == "replied" else "agent"
            events.append({**event, "actor": actor, "occurred_at": at})
            at += timedelta(minutes=int(draw.integers(0, 2000)))
    return tickets, events


def _answer(draw: np.random.Generator, question: str, **own: Any) -> Record:
    kind, low, high, is_high_good = _QUESTIONS[question]
    score = _maybe(draw, float(draw.integers(low, high + 1)), 0.93)
    scale = {"scale_min": float(low), "scale_max": float(high), "is_high_good": is_high_good}
    return {"question_id": question, "kind": kind, "score": score, **scale, **own}


def _surveys(draw: np.random.Generator, customers: list[str]) -> tuple[list[Record], list[Record]]:
    invitations, answers = [], []
    for number in range(700):
        invited = _instant(draw)
        delivered = _maybe(draw, invited + timedelta(minutes=2), 0.95)
        answered = _maybe(draw, invited + timedelta(hours=int(draw.integers(1, 100))), 0.5)
        about = {
            "survey_id": "relationship",
            "is_relational": True,
            "customer_id": str(draw.choice(customers)),
            "invitation_id": f"i{number}",
            "design_weight": _maybe(draw, float(draw.integers(1, 4)), 0.7),
        }
        times = {"invited_at": invited, "delivered_at": delivered, "answered_at": answered}
        invitations.append({**about, **times, "mode": "email"})
        if answered is None:
            continue
        about["design_weight"] = _maybe(draw, about["design_weight"], 0.5)
        sent = {"response_id": f"r{number}", "responded_at": answered, "channel": "email"}
        answers += [_answer(draw, item, **about, **sent) for item in ("recommend", "ease", "price")]
    return invitations, answers


def _funnel(draw: np.random.Generator, invitations: list[Record]) -> list[Record]:
    """Eligibility and openings of every invitation, and people who were passed over."""
    rows = []
    for row in invitations:
        invited, answered = row["invited_at"], row["answered_at"]
        opened = answered or _maybe(draw, invited + timedelta(hours=5), 0.3)
        # recorded from the second half of 2025 on; some answers lack the opening they imply
        is_recorded = invited >= datetime(2025, 7, 1, tzinfo=UTC) and draw.random() < 0.8
        eligible = invited - timedelta(hours=int(draw.integers(1, 300)))
        own = {"opened_at": opened if is_recorded else None}
        rows.append({**row, **own, "eligible_at": _maybe(draw, eligible, 0.9)})
    rows += [
        {
            "invitation_id": f"n{number}",
            "survey_id": "relationship",
            "customer_id": f"顧客-{int(draw.integers(0, 160)):03d}",
            "is_relational": True,
            "eligible_at": _instant(draw),
            **dict.fromkeys(("invited_at", "delivered_at", "opened_at", "answered_at")),
        }
        for number in range(250)
    ]
    return rows


def _transactional(
    draw: np.random.Generator, orders: list[Record], interactions: list[Record]
) -> list[Record]:
    answers = []
    for number in range(400):
        about = orders[number] if number % 2 else interactions[number]
        id_column = "order_id" if number % 2 else "interaction_id"
        sent = {
            "survey_id": "transaction",
            "is_relational": False,
            "response_id": f"x{number}",
            id_column: _maybe(draw, about[id_column], 0.95),
            "customer_id": _maybe(draw, about["customer_id"], 0.5),
            "responded_at": _instant(draw),
            "channel": _maybe(draw, str(draw.choice(["app", "web"])), 0.9),
        }
        answers += [_answer(draw, item, **sent) for item in ("satisfied", "effort")]
    return answers


def _usage(draw: np.random.Generator, customers: list[str]) -> list[Record]:
    months = [date(2025 + number // 12, number % 12 + 1, 1) for number in range(19)]
    return [
        {
            "customer_id": customer,
            "usage_date": month,
            "feature": feature,
            "active_days": _maybe(draw, int(draw.integers(0, 29)), 0.95),
            "event_count": int(draw.integers(0, 100)),
        }
        for customer in customers
        for month in months
        for feature in ("app", "ウェブ")
        if draw.random() < 0.6
    ]


def _outcomes(draw: np.random.Generator, customers: list[str]) -> list[Record]:
    return [
        {
            "outcome_id": f"d{number}",
            "customer_id": str(draw.choice(customers)),
            "kind": str(draw.choice(["renewal", "renewal", "referral"])),
            "due_at": _instant(draw),
            "is_achieved": _maybe(draw, bool(draw.random() < 0.8), 0.9),
        }
        for number in range(300)
    ]


def _exposures(draw: np.random.Generator, customers: list[str]) -> list[Record]:
    rows = []
    for number, customer in enumerate(customers[:130]):
        arms = (
            ["control", "treatment"]
            if number % 13 == 0
            else [str(draw.choice(["control", "treatment"]))]
        )
        rows += [
            {
                "experiment_id": "callback",
                "unit_id": customer,
                "variant": arm,
                "exposed_at": _instant(
                    draw, datetime(2026, 1, 25, tzinfo=UTC), datetime(2026, 4, 5, tzinfo=UTC)
                ),
            }
            for arm in arms
        ]
    return rows


def _exposed_accounts() -> list[Record]:
    """One account a day from 20 March on; the last but one meets both arms."""
    return [
        {
            "experiment_id": "account_care",
            "unit_id": account,
            "variant": arm,
            "exposed_at": datetime(2026, 3, 20, 9, tzinfo=UTC) + timedelta(days=number),
        }
        for number, account in enumerate(world_value.ACCOUNTS)
        for arm in ("control", "treatment")
        if account == world_value.ACCOUNTS[-2] or (arm == "treatment") == (number % 2 == 0)
    ]
