"""Tickets on the calendar's clock, orders, renewals, departures and use."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from tests.journey.recomputed.raw import Instants, Raw, Table, events

_DAY = pd.Timedelta(days=1)


def contacts(raw: Raw) -> Table:
    """Interactions with their first reply, first and standing resolution."""
    rows = raw.newest("interaction").set_index("interaction_id")
    steps = raw.newest("interaction_event")
    opened = steps["interaction_id"].map(rows["opened_at"])
    steps = steps[steps["occurred_at"] >= opened]
    by_agent = steps["actor"].eq("agent") | (steps["actor"].isna() & steps["agent_id"].notna())
    resolving = steps[steps["kind"].isin(["resolved", "closed"])]
    rows["first_replied_at"] = _first(steps[steps["kind"].eq("replied") & by_agent])
    rows["first_resolved_at"] = _first(resolving)
    rows["last_reopened_at"] = (
        steps[steps["kind"].eq("reopened")].groupby("interaction_id")["occurred_at"].max()
    )
    reopened = resolving["interaction_id"].map(rows["last_reopened_at"])
    standing = resolving[reopened.isna() | (resolving["occurred_at"] > reopened)]
    rows["resolved_at"] = _first(standing)
    return rows


def interactions(raw: Raw) -> Iterator[Table]:
    """Minutes to reply and resolution, reopenings and repeat contacts."""
    rows = contacts(raw)
    opened = rows["opened_at"]
    for metric, ended in (
        ("first_reply_calendar_minutes", rows["first_replied_at"].dropna()),
        ("resolution_calendar_minutes", rows["resolved_at"].dropna()),
    ):
        began = opened[ended.index]
        yield events(metric, began, (ended - began) / pd.Timedelta(minutes=1))
    tickets = rows[rows["kind"].eq("ticket") & rows["first_resolved_at"].notna()]
    again = tickets["last_reopened_at"] > tickets["first_resolved_at"]
    yield events("ticket_reopen_rate", tickets["opened_at"], again)

    ends = rows["resolved_at"] + 7 * _DAY
    counted = rows[rows["customer_id"].notna() & (ends <= raw.end)]
    repeated = _followed(counted, counted["resolved_at"], rows.reset_index(), "opened_at", 7 * _DAY)
    yield events("repeat_contact_rate", counted["opened_at"], repeated)


def orders(raw: Raw) -> Iterator[Table]:
    """Repeat purchases and late deliveries."""
    rows = raw.newest("order").set_index("order_id")
    canceled = raw.known(rows["canceled_at"]).notna() | rows["status"].isin(
        ["canceled", "cancelled"]
    )
    bought = rows[rows["kind"].eq("purchase") & ~canceled & rows["customer_id"].notna()]
    counted = bought[bought["ordered_at"] + 90 * _DAY <= raw.end]
    again = _followed(counted, counted["ordered_at"], bought, "ordered_at", 90 * _DAY)
    yield events("repeat_purchase_rate", counted["ordered_at"], again)
    delivered = raw.known(rows["delivered_at"])
    arrived = rows[rows["promised_at"].notna() & delivered.notna() & ~canceled]
    days = delivered[arrived.index].dt.floor("D")
    late = days > pd.to_datetime(arrived["promised_at"], utc=True).dt.floor("D")
    yield events("late_delivery_rate", arrived["ordered_at"], late)


def relationship(raw: Raw) -> Iterator[Table]:
    """Renewals, months in which customers left, and days of use."""
    decided = raw.newest("outcome")
    renewals = decided[decided["kind"].eq("renewal") & decided["is_achieved"].notna()]
    yield events("renewal_rate", renewals["due_at"], renewals["is_achieved"].astype(bool))

    customers = raw.newest("customer").sort_values("valid_from").groupby("customer_id").last()
    left = raw.known(customers["churned_at"])
    first = customers["joined_at"].min()
    months = pd.date_range(first.normalize().replace(day=1), raw.end, freq="MS")
    for start in months:
        ends = start + pd.offsets.MonthBegin()
        if ends <= raw.end:
            here = (customers["joined_at"] <= start) & (left.isna() | (left >= start))
            at = pd.Series(start, index=customers.index[here])
            yield events("monthly_churn_rate", at, left[here] < ends)

    usage = raw.newest("usage")
    periods = usage.groupby(["customer_id", "usage_date"])["active_days"].max().reset_index()
    periods["month"] = periods["usage_date"].dt.tz_localize(None).dt.to_period("M")
    used = periods.groupby(["customer_id", "month"])["active_days"].sum().reset_index()
    used["at"] = used["month"].dt.to_timestamp().dt.tz_localize("UTC")
    over = used[used["at"] + pd.offsets.MonthBegin() <= raw.end]
    yield events("monthly_active_days", over["at"], over["active_days"])


def _first(steps: Table) -> Instants:
    return steps.groupby("interaction_id")["occurred_at"].min()


def _followed(
    rows: Table, after: Instants, others: Table, dated: str, within: pd.Timedelta
) -> pd.Series:
    """Whether one of the customer's ``others`` lies after the instant, and before it is over."""
    mine = pd.DataFrame({"customer_id": rows["customer_id"], "after": after})
    found = pd.merge_asof(
        mine.sort_values("after").reset_index(names="id"),
        others.dropna(subset="customer_id")[["customer_id", dated]].sort_values(dated),
        left_on="after",
        right_on=dated,
        by="customer_id",
        direction="forward",
        allow_exact_matches=False,
    ).set_index("id")
    return (found[dated] < found["after"] + within).reindex(rows.index)
