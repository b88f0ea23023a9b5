"""The customer database as its vendor shapes it: dated contacts, orders, app usage, renewals.

All times are local times in Tokyo without an offset, as the system's screens show them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import (
    DAY,
    HISTORY_END,
    HISTORY_START,
    HOUR,
    MONTH_COUNT,
    MONTH_STARTS,
    NEVER,
    Ints,
    Texts,
    month_index,
    tokyo_text,
)
from cli.demo.company.commitments import Commitments, company_numbers
from cli.demo.company.orders import DEVICE, Orders
from cli.demo.company.population import ANNUAL_VALUE, Population
from cli.demo.company.records import rows_of, write_table
from cli.demo.company.usage import Usage

_PLAN_CODES = np.array(["LTE", "STD", "PRM"])
_AREAS = np.array(["関東", "関西", "その他国内", "North America", "Europe", "APAC"])
_SOURCES = np.array(["EC", "SHOP", "FRIEND", "PARTNER"])
_ORDER_TYPES = np.array(["SUB", "DEV", "REN"])
_SHOPS = np.array(["WEB", "APP", "SJK01", "UMD01", "MKT"])


def order_numbers(count: int) -> Texts:
    """The shop's order numbers, in order of time."""
    return np.array([f"SO-{k + 1:07d}" for k in range(count)])


def write_crm(
    file: Path,
    population: Population,
    *,
    orders: Orders,
    usage: Usage,
    commitments: Commitments,
) -> None:
    """Write the four tables, planted dirt included."""
    _write_contacts(file, population, commitments)
    _write_orders(file, population, orders)
    _write_usage(file, population, usage)
    _write_renewals(file, population)


def _segments(population: Population) -> tuple[Ints, Ints, Ints]:
    """Customer, instant from which and plan of every dated segment, by customer and time."""
    months = np.arange(1, MONTH_COUNT)
    changed = population.plan_by_month[:, 1:] != population.plan_by_month[:, :-1]
    is_member = (MONTH_STARTS[months] > population.joined[:, None]) & (
        MONTH_STARTS[months] < np.minimum(population.churned, HISTORY_END)[:, None]
    )
    who, month = np.nonzero(changed & is_member)
    everybody = np.arange(population.size)
    customer = np.concatenate([everybody, who])
    since = np.concatenate([population.joined, MONTH_STARTS[month + 1]])
    order = np.lexsort((since, customer))
    customer, since = customer[order], since[order]
    plan = population.plan_by_month[customer, month_index(since)]
    return customer, since, plan


def _write_contacts(file: Path, population: Population, commitments: Commitments) -> None:
    customer, since, plan = _segments(population)
    churned = population.churned[customer]
    updated = np.maximum(since, HISTORY_START)
    updated = np.where(churned != NEVER, np.maximum(churned, updated), updated)
    digits = np.char.replace(population.number[customer], "HH-", "")
    is_japan = population.is_japanese[customer]
    domain = np.where(is_japan, "@example.jp", "@example.com")
    rows = rows_of(
        population.number[customer],
        tokyo_text(since),
        _PLAN_CODES[plan],
        population.country[customer],
        _AREAS[population.region[customer]],
        np.where(population.language[customer] == "ja", "JA", "EN"),
        _SOURCES[population.channel[customer]],
        tokyo_text(population.joined[customer]),
        tokyo_text(churned),
        np.char.add(np.char.add("member", digits), domain),
        np.char.add(np.where(is_japan, "03-0000-", "+1-202-555-"), digits),
        company_numbers(commitments.company[customer]),
        tokyo_text(updated),
    )
    for number in range(planted.DIRT["crm_unknown_country"]):
        rows.append((f"QA-{number + 1:04d}", "2024-02-01 10:00:00", "STD", "Atlantis", "関東", "JA",
                     "EC", "2024-02-01 10:00:00", "", "qa@example.com", "03-0000-0000", "",
                     "2024-02-01 10:00:00"))  # fmt: skip
    write_table(
        file,
        "contact_segment",
        columns=(
            *("customer_no TEXT", "eff_from TEXT", "plan_cd TEXT", "country_nm TEXT"),
            *("area_nm TEXT", "lang_cd TEXT", "src_cd TEXT", "signup_ts TEXT", "cancel_ts TEXT"),
            *("email TEXT", "phone TEXT", "company_no TEXT", "upd_ts TEXT"),
        ),
        rows=rows,
    )


def _write_orders(file: Path, population: Population, orders: Orders) -> None:
    delivered, canceled = orders.delivered, orders.canceled
    state = np.where(orders.kind == DEVICE, "SHIPPED", "DONE")
    state = np.where(delivered != NEVER, "DONE", np.where(canceled != NEVER, "CANCELED", state))
    updated = np.maximum(orders.ordered, np.where(delivered != NEVER, delivered, 0))
    updated = np.maximum(updated, np.where(canceled != NEVER, canceled, 0))
    rows = rows_of(
        order_numbers(len(orders.customer)),
        population.number[orders.customer],
        _ORDER_TYPES[orders.kind],
        state,
        _SHOPS[orders.store],
        orders.amount,
        tokyo_text(orders.ordered),
        tokyo_text(orders.promised),
        tokyo_text(delivered),
        tokyo_text(canceled),
        tokyo_text(updated),
    )
    for number in range(planted.DIRT["crm_unparsable_order_date"]):
        key = (f"SO-QA{number + 1:03d}", population.number[number].item())
        when = ("0000-00-00 00:00:00", "", "", "", "2024-02-01 10:00:00")
        rows.append((*key, "DEV", "DONE", "WEB", 3980, *when))
    write_table(
        file,
        "sales_order",
        columns=(
            *("order_no TEXT", "customer_no TEXT", "order_typ TEXT", "state TEXT", "shop_cd TEXT"),
            *("amt_jpy INTEGER", "order_ts TEXT", "promise_until TEXT", "deliv_ts TEXT"),
            *("cancel_ts TEXT", "upd_ts TEXT"),
        ),
        rows=rows,
    )


def _write_usage(file: Path, population: Population, usage: Usage) -> None:
    firsts = np.datetime_as_string(MONTH_STARTS.astype("datetime64[s]"), unit="D")
    booked = tokyo_text(MONTH_STARTS[1:] + DAY - 5 * HOUR)
    rows = rows_of(
        population.number[usage.customer],
        firsts[usage.month],
        np.full(len(usage.month), "APP"),
        usage.active_days,
        usage.event_count,
        booked[usage.month],
    )
    for number in range(planted.DIRT["crm_impossible_usage"]):
        rows.append((f"QA-{number + 1:04d}", "2024-03-01", "APP", 45, 9, "2024-04-01 10:00:00"))
    write_table(
        file,
        "app_usage_month",
        columns=(
            *("customer_no TEXT", "month_first TEXT", "feature_cd TEXT", "days_active INTEGER"),
            *("event_cnt INTEGER", "upd_ts TEXT"),
        ),
        rows=rows,
    )


def _write_renewals(file: Path, population: Population) -> None:
    renewals = population.renewals
    number = [f"RN-{k + 1:06d}" for k in range(len(renewals.customer))]
    next_month = np.minimum(month_index(renewals.due) + 1, MONTH_COUNT - 1)
    renewed = ANNUAL_VALUE[population.plan_by_month[renewals.customer, next_month]]
    rows = rows_of(
        number,
        population.number[renewals.customer],
        tokyo_text(renewals.due),
        np.where(renewals.is_achieved, "RENEWED", "LOST"),
        renewals.value,
        np.where(renewals.is_achieved, renewed, 0),
        tokyo_text(renewals.due + HOUR),
    )
    columns = (
        *("renewal_no TEXT", "customer_no TEXT", "due_ts TEXT", "result_cd TEXT"),
        *("annual_jpy INTEGER", "renewed_jpy INTEGER", "upd_ts TEXT"),
    )
    write_table(file, "renewal", columns=columns, rows=rows)
