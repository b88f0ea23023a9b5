"""The demo's metrics of value once more, with pandas from the systems' own files."""

from __future__ import annotations

import json

import pandas as pd

from cli.demo.company import CompanyFiles
from tests.demo import service_witness, systems

RATES = {
    "JPY": dict.fromkeys(range(2023, 2027), 1.0),
    "USD": {2023: 138.0, 2024: 145.0, 2025: 150.0, 2026: 148.0},
    "EUR": {2023: 150.0, 2024: 158.0, 2025: 163.0, 2026: 166.0},
}
MONTHS = pd.period_range("2023-07", "2026-06", freq="M")
WEEK = pd.Timedelta(days=7)
METRICS = (
    *("customer_goal_attainment_rate", "referral_rate", "win_rate", "win_value_rate"),
    *("gross_revenue_retention", "net_revenue_retention"),
    *("average_order_value", "customer_lifetime_value"),
    *("monthly_revenue_per_customer", "monthly_purchases_per_customer"),
    *("monthly_referrer_rate", "monthly_cost_to_serve"),
    *("cost_per_contact", "repeat_contact_cost", "customer_acquisition_cost"),
    *("employee_nps", "employee_rating_mean"),
)


def levels(files: CompanyFiles) -> dict[str, pd.Series]:
    """Every metric of value -> its level by wave."""
    served = costed_contacts(files)
    return {
        **outcomes(files),
        **revenue(files),
        **costs(files, served),
        **months(files, served),
        **employees(files),
    }


def tokyo(column: pd.Series) -> pd.Series:
    """Local times of Tokyo as instants in UTC without a zone."""
    parsed = pd.to_datetime(column.replace("", None))
    return parsed.dt.tz_localize("Asia/Tokyo").dt.tz_convert("UTC").dt.tz_localize(None)


def wave(instants: pd.Series) -> pd.Series:
    """``2026H1`` of each instant."""
    halves = instants.dt.month.gt(6).map({False: "H1", True: "H2"})
    return instants.dt.year.astype("Int64").astype(str) + halves


def in_yen(amount: pd.Series, currency: pd.Series, at: pd.Series) -> pd.Series:
    """The declared rate of a currency changes each year."""
    years = at.dt.year
    rates = [RATES[code][year] for code, year in zip(currency, years, strict=True)]
    return amount.astype(float) * pd.Series(rates, index=amount.index)


def known(table: pd.DataFrame, column: str = "result_cd") -> pd.DataFrame:
    """What was decided by the as-of day."""
    return table[(table[column] != "OPEN") & (table["at"] < "2026-07-06")]


def outcomes(files: CompanyFiles) -> dict[str, pd.Series]:
    """Metric -> value by wave: goals, referrals, deals and renewals."""
    found = {}
    for metric, name in (
        ("customer_goal_attainment_rate", "customer_goal"),
        ("referral_rate", "referral_ask"),
    ):
        table = systems.table(files, "crm", f"SELECT * FROM {name}")
        table["at"] = tokyo(table["due_ts"])
        done = known(table)
        found[metric] = (done["result_cd"] == "YES").groupby(wave(done["at"])).mean()
    deals = systems.table(files, "crm", "SELECT * FROM deal")
    deals["at"] = tokyo(deals["close_ts"])
    deals = known(deals)
    won, by = deals["result_cd"] == "WON", wave(deals["at"])
    value = in_yen(deals["amt"], deals["ccy"], deals["at"])
    found["win_rate"] = won.groupby(by).mean()
    found["win_value_rate"] = (value * won).groupby(by).sum() / value.groupby(by).sum()
    renewals = systems.table(files, "crm", "SELECT * FROM renewal")
    renewals["at"] = tokyo(renewals["due_ts"])
    by, due = wave(renewals["at"]), renewals["annual_jpy"].groupby(wave(renewals["at"])).sum()
    kept = renewals["renewed_jpy"].where(renewals["result_cd"] == "RENEWED", 0)
    found["net_revenue_retention"] = kept.groupby(by).sum() / due
    least = kept.clip(upper=renewals["annual_jpy"])
    found["gross_revenue_retention"] = least.groupby(by).sum() / due
    return found


def orders(files: CompanyFiles) -> pd.DataFrame:
    """Orders that stand, with their instants."""
    table = systems.table(files, "crm", "SELECT * FROM sales_order WHERE order_no NOT LIKE '%QA%'")
    table["at"] = tokyo(table["order_ts"])
    return table[(table["state"] != "CANCELED") & (table["at"] < "2026-07-06")]


def members(files: CompanyFiles) -> pd.DataFrame:
    """One row per customer: joining and leaving, as instants."""
    contacts = systems.table(
        files, "crm", "SELECT * FROM contact_segment WHERE customer_no LIKE 'HH-%'"
    )
    newest = contacts.sort_values("eff_from").drop_duplicates("customer_no", keep="last")
    newest = newest.set_index("customer_no")
    return pd.DataFrame(
        {
            "joined": tokyo(newest["signup_ts"]),
            "churned": tokyo(newest["cancel_ts"].fillna("")),
            "channel": newest["src_cd"],
        }
    )


def revenue(files: CompanyFiles) -> dict[str, pd.Series]:
    """Order values, lifetime values, and the months of active customers."""
    bought, people = orders(files), members(files)
    devices = bought[bought["order_typ"] == "DEV"]
    found = {"average_order_value": devices["amt_jpy"].groupby(wave(devices["at"])).mean()}
    first = bought["at"].min().normalize()
    since = people["joined"].clip(upper=bought.groupby("customer_no")["at"].min())
    since = since.fillna(people["joined"]).dt.normalize()
    lifetimes = {}
    for name, end in (("2025H2", "2026-01-01"), ("2026H1", "2026-07-01")):
        counted = since[(since >= first) & (since < end)].index
        spent = bought[bought["at"] < end].groupby("customer_no")["amt_jpy"].sum()
        lifetimes[name] = spent.reindex(counted, fill_value=0).mean()
    found["customer_lifetime_value"] = pd.Series(lifetimes)
    return found


def months(files: CompanyFiles, served: pd.DataFrame) -> dict[str, pd.Series]:
    """The last six months of those who were customers when each began."""
    bought, people = orders(files), members(files)
    asked = systems.table(files, "crm", "SELECT * FROM referral_ask")
    asked["at"] = tokyo(asked["due_ts"])
    referred = asked[(asked["result_cd"] == "YES") & (asked["at"] < "2026-07-06")]
    sums = {
        "monthly_revenue_per_customer": 0.0,
        "monthly_purchases_per_customer": 0,
        "monthly_referrer_rate": 0,
        "monthly_cost_to_serve": 0.0,
    }
    active = 0
    for month in MONTHS[-6:]:
        start, end = month.start_time, (month + 1).start_time
        here = people[(people["joined"] <= start) & ~(people["churned"] < start)].index
        active += len(here)
        mine = bought[bought["at"].between(start, end, inclusive="left")]
        mine = mine[mine["customer_no"].isin(here)]
        sums["monthly_revenue_per_customer"] += mine["amt_jpy"].sum()
        sums["monthly_purchases_per_customer"] += (mine["order_typ"] == "DEV").sum()
        helped = referred[referred["at"].between(start, end, inclusive="left")]
        sums["monthly_referrer_rate"] += here.isin(helped["customer_no"]).sum()
        wrote = served[(served["month"] == month) & served["customer"].isin(here)]
        sums["monthly_cost_to_serve"] += wrote["cost"].sum()
    return {metric: pd.Series({"2026H1": total / active}) for metric, total in sums.items()}


def vouchers(files: CompanyFiles) -> pd.DataFrame:
    """Booked costs in yen."""
    parts = [
        pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        for file in sorted(files.back_office.glob("costs_*.csv"))
    ]
    table = pd.concat(parts, ignore_index=True)
    table["at"] = pd.to_datetime(table["PostingDate"])
    table["yen"] = in_yen(table["Amount"], table["Currency"], table["at"])
    table["month"] = table["at"].dt.to_period("M")
    return table


def contacts(files: CompanyFiles) -> pd.DataFrame:
    """Tickets and calls with customer, team, month and standing resolution; calls have none."""
    tickets = service_witness.tickets(files)
    lines = (files.service / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    calls = pd.DataFrame([json.loads(line) for line in lines])
    started = pd.concat([tickets["created_at"], calls["startedTs"]], ignore_index=True)
    at = pd.to_datetime(started, utc=True).dt.tz_localize(None)
    resolved = pd.to_datetime(tickets["resolved"], utc=True).dt.tz_localize(None)
    return pd.DataFrame(
        {
            "at": at,
            "customer": pd.concat([tickets["requester_id"], calls["customerNo"]]).array,
            "team": pd.concat([tickets["group_name"], calls["desk"]]).array,
            "month": at.dt.to_period("M"),
            "resolved": resolved.reindex(range(len(at))).array,
        }
    )


def costed_contacts(files: CompanyFiles) -> pd.DataFrame:
    """Contacts of whole months with their part of the vouchers, and whether they repeat one."""
    booked, served = vouchers(files), contacts(files)
    own = booked[booked["Account"] == "6410"].set_index(["Department", "month"])["yen"]
    own = own.rename_axis(["team", "month"])
    shared = booked[booked["Account"] == "6420"].set_index("month")["yen"]
    kept = served[served["month"].isin(MONTHS)]
    in_team = kept.groupby(["team", "month"]).size()
    in_month = kept.groupby("month").size()
    keys = pd.MultiIndex.from_frame(kept[["team", "month"]])
    cost = (own / in_team).reindex(keys).to_numpy()
    cost = cost + (shared / in_month).reindex(kept["month"]).to_numpy()
    done = served.dropna(subset=["customer", "resolved"])
    pairs = kept.reset_index().merge(done[["customer", "resolved"]], on="customer")
    after = pairs["at"] - pairs["resolved_y"]
    again = pairs[(after > pd.Timedelta(0)) & (after < WEEK)]["index"]
    return kept.assign(cost=cost, is_repeat=kept.index.isin(again))


def costs(files: CompanyFiles, served: pd.DataFrame) -> dict[str, pd.Series]:
    """Cost per contact and per new customer: each voucher divided by those who carry it."""
    booked = vouchers(files)
    recognised = served[served["customer"].notna()]
    wasted = recognised["cost"].where(recognised["is_repeat"], 0)
    people = members(files)
    people["month"] = people["joined"].dt.to_period("M")
    people = people[people["month"].isin(MONTHS)]
    spent = booked[booked["Account"] == "6510"].set_index(["Channel", "month"])["yen"]
    spent = spent.rename_axis(["channel", "month"])
    won = people.groupby(["channel", "month"]).size()
    each = (spent / won).reindex(pd.MultiIndex.from_frame(people[["channel", "month"]]))
    each = pd.Series(each.to_numpy(), index=people.index)
    return {
        "cost_per_contact": served["cost"].groupby(wave(served["at"])).mean(),
        "repeat_contact_cost": wasted.groupby(wave(recognised["at"])).mean(),
        "customer_acquisition_cost": each.groupby(wave(people["joined"])).mean(),
    }


def employees(files: CompanyFiles) -> dict[str, pd.Series]:
    """eNPS and the mean of the three ratings, which are asked from 1 to 5."""
    parts = [
        pd.read_csv(file, encoding="utf-8-sig")
        for file in sorted(files.back_office.glob("pulse_*.csv"))
    ]
    table = pd.concat(parts, ignore_index=True)
    by = wave(tokyo(table["SubmittedAt"].str.replace("/", "-")))
    points = 100 * ((table["Recommend"] >= 9).astype(int) - (table["Recommend"] <= 6).astype(int))
    ratings = table[["Workload", "Tools", "Growth"]].mean(axis=1)
    found = {"employee_nps": points.groupby(by).mean()}
    return found | {"employee_rating_mean": ratings.groupby(by).mean()}
