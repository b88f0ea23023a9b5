"""What truth.json says, recomputed from the systems' own files by other code."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cli.demo.company import CompanyFiles, planted
from cli.demo.company.calendar import NEVER
from cli.demo.company.population import simulate_population
from cli.demo.company.relationship import Wave, promoter_points, simulate_waves
from tests.demo import systems

DRIVER_COLUMNS = {f"Q2_{k + 1}": name for k, name in enumerate(planted.DRIVERS)}


def points(scores: pd.Series) -> pd.Series:
    return scores.map(lambda score: 100 if score >= 9 else -100 if score <= 6 else 0)


def weighted_nps(files: CompanyFiles, wave: str) -> tuple[float, float]:
    """NPS weighted by plan × region as invited, with its standard error."""
    contacts = systems.table(files, "crm", "SELECT * FROM contact_segment")
    invited = systems.relationship(files, "invitations", wave)
    sent = invited["SentAt"].str.replace("/", "-").iloc[0]
    current = contacts[contacts["eff_from"] <= sent].drop_duplicates("customer_no", keep="last")
    invited = invited.merge(current, left_on="CustomerNo", right_on="customer_no", how="left")
    answers = systems.relationship(files, "responses", wave)
    answers = answers[answers["InviteId"] != ""].sort_values("LastModified", kind="stable")
    answers = answers.drop_duplicates("ResponseId", keep="last")
    joined = invited.merge(answers[["InviteId", "Q1_NPS"]], on="InviteId", how="left")
    cells = joined.groupby(["plan_cd", "area_nm"])["Q1_NPS"]
    weight = cells.transform("size") / cells.transform("count")
    kept = joined["Q1_NPS"].notna()
    score, weight = points(joined.loc[kept, "Q1_NPS"].astype(int)), weight[kept]
    return systems.ratio(weight * score, weight)


def test_the_change_of_nps_is_recovered(company: CompanyFiles) -> None:
    truth = company.truth()["nps"]
    (before, error_before), (after, error_after) = (
        weighted_nps(company, truth[end]) for end in ("from", "to")
    )
    error = np.hypot(error_before, error_after)
    assert abs(after - before - truth["change"]) < 1.96 * error
    assert after - before > 1.96 * error


def test_nonresponse_biases_the_level_the_same_way_in_every_wave(company: CompanyFiles) -> None:
    truth = company.truth()["nps"]
    bias = [truth[wave]["respondents"] - truth[wave]["population"] for wave in planted.WAVES]
    assert min(bias) > 5
    assert max(bias) - min(bias) < 4


def test_invited_and_answered_are_the_files_rows(company: CompanyFiles) -> None:
    truth = company.truth()["nps"]
    for wave in planted.WAVES:
        invited = systems.relationship(company, "invitations", wave)
        assert len(invited) == truth[wave]["invited"]
        assert (invited["AnsweredAt"] != "").sum() == truth[wave]["answered"]


def test_mix_and_within_add_up_to_the_change(company: CompanyFiles) -> None:
    truth = company.truth()
    shift = truth["mix_shift"]
    assert shift["within"] + shift["mix"] == pytest.approx(truth["nps"]["change"])
    assert shift["mix"] < -1 < 5 < shift["within"]


def test_the_strongest_driver_is_the_strongest_among_answers(company: CompanyFiles) -> None:
    answers = systems.relationship(company, "responses", "2026H1")
    frame = answers.rename(columns=DRIVER_COLUMNS).apply(pd.to_numeric, errors="coerce")
    correlation = frame[list(planted.DRIVERS)].corrwith(frame["Q1_NPS"]).sort_values()
    truth = company.truth()["drivers"]
    assert correlation.index[-1] == truth["ranking"][0] == "support_quality"
    assert sum(truth["importance"].values()) == pytest.approx(1)


def test_the_callback_is_recovered(company: CompanyFiles) -> None:
    truth = company.truth()["experiments"]["callback_within_one_hour"]
    exposed = systems.exposures(company, "callback_within_one_hour").set_index("subject")
    answers = systems.csat(company).join(exposed[["exposed_at"]], on="subject", how="inner")
    after = answers["at"] - answers["exposed_at"]
    inside = (after >= pd.Timedelta(0)) & (after < pd.Timedelta(days=60))
    grouped = answers[inside].groupby("subject")["score"]
    exposed["good"] = grouped.agg(lambda scores: (scores >= 4).sum())
    exposed["answers"] = grouped.size()
    exposed = exposed.fillna({"good": 0, "answers": 0})
    (low, low_error), (high, high_error) = (
        systems.ratio(part["good"], part["answers"])
        for part in (exposed[exposed["arm"] == arm] for arm in "AB")
    )
    error = np.hypot(low_error, high_error)
    assert len(exposed) == truth["exposed"] > 7_000
    assert 0.06 <= truth["metric"]["effect"] <= 0.10
    assert abs(high - low - truth["metric"]["effect"]) < 1.96 * error
    assert (high - low) / error > 4


def test_the_tour_moves_nothing_on_average_and_tempts_in_one_plan(company: CompanyFiles) -> None:
    truth = company.truth()["experiments"]["guided_onboarding_tour"]
    assert truth["metric"]["effect"] == 0.0
    assert truth["segments"]["plan"]["premium"]["effect"] > 0.4
    assert truth["segments"]["plan"]["standard"]["effect"] < 0

    exposed = systems.exposures(company, "guided_onboarding_tour").set_index("subject")
    months = "month_first IN ('2025-11-01', '2025-12-01', '2026-01-01', '2026-02-01', '2026-03-01')"
    usage = systems.table(company, "crm", f"SELECT * FROM app_usage_month WHERE {months}")
    wide = usage.pivot_table(index="customer_no", columns="month_first", values="days_active")
    frame = exposed.join(wide, how="left")
    after = frame[["2026-02-01", "2026-03-01"]].mean(axis=1)
    # The effect is zero, so the average of what happened is that of either world.
    months = frame[["2026-02-01", "2026-03-01"]].stack()
    assert months.mean() == pytest.approx(truth["metric"]["control"], abs=0.02)
    before = frame[["2025-11-01", "2025-12-01", "2026-01-01"]].mean(axis=1)
    whole = after.notna() & before.notna()
    slope, intercept = np.polyfit(before[whole], after[whole], 1)
    rest = after[whole] - intercept - slope * before[whole]
    arm = frame.loc[whole, "arm"]
    test = stats.ttest_ind(rest[arm == "B"], rest[arm == "A"], equal_var=False)
    assert abs(test.statistic) < 1.96
    assert before[whole].corr(after[whole]) > 0.8


def test_the_chatbot_log_has_lost_treatment_exposures(company: CompanyFiles) -> None:
    truth = company.truth()["experiments"]["chatbot_first_reply"]
    exposed = systems.exposures(company, "chatbot_first_reply")
    twice = exposed["subject"].duplicated(keep=False)
    assert twice.sum() == 2 * truth["in_both_arms"]
    first = exposed.drop_duplicates("subject")
    counts = first["arm"].value_counts()
    assert counts["A"] == truth["logged_control"]
    assert counts["B"] == truth["logged_treatment"]
    assert stats.chisquare(counts).pvalue < 1e-4
    assert truth["lost"] / (truth["lost"] + counts["B"]) == pytest.approx(0.12, abs=0.02)


def test_sound_experiments_split_as_declared(company: CompanyFiles) -> None:
    for experiment in ("callback_within_one_hour", "guided_onboarding_tour"):
        exposed = systems.exposures(company, experiment)
        assert not exposed["subject"].duplicated().any()
        assert stats.chisquare(exposed["arm"].value_counts()).pvalue > 0.01


def test_planted_dirt_is_in_the_files(small: CompanyFiles) -> None:
    truth = small.truth()
    rows = pd.concat(systems.relationship(small, "responses", wave) for wave in planted.WAVES)
    ratings = rows[list(DRIVER_COLUMNS)]
    broken = (
        (rows["Q1_NPS"] == "11").sum()
        + (ratings == "n/a?").sum().sum()
        + (rows["SubmittedAt"] == "31/13/2025 25:61").sum()
    )
    assert broken == truth["quarantined"]["survey_exports"] == 28
    copies = rows[rows.duplicated()]
    answers = copies[["Q1_NPS", *DRIVER_COLUMNS, "Q3_Free"]]
    assert (~answers.isin(["", "Blank"])).sum().sum() == truth["duplicates"]["survey_exports"]
    assert len(copies) == truth["dirt"]["responses_duplicate"]

    lines = systems.touchpoint_lines(small)
    parsed = [json.loads(line) for line in lines]
    off_scale = sum(part["value"] == 9 for line in parsed for part in line["answers"])
    undated = sum(line["respondedAt"] == "yesterday" for line in parsed)
    assert off_scale + undated == truth["quarantined"]["survey_stream"] == 16
    assert len(lines) - len(set(lines)) == truth["dirt"]["touchpoints_duplicate"]


def test_no_address_could_reach_anybody(small: CompanyFiles) -> None:
    contacts = systems.table(small, "crm", "SELECT email FROM contact_segment")
    assert contacts["email"].str.fullmatch(r"[a-z0-9]+@example\.(com|jp)").all()


def test_comments_are_varied_and_in_both_languages(small: CompanyFiles) -> None:
    rows = pd.concat(systems.relationship(small, "responses", wave) for wave in planted.WAVES)
    comments = rows[rows["Q3_Free"] != ""]
    assert set(comments["Lang"]) == {"JA", "EN"}
    assert comments["Q3_Free"].nunique() > 0.6 * len(comments)
    personal = comments["Q3_Free"].str.contains(r"@example|03-0000|555-01").sum()
    assert personal == small.truth()["dirt"]["comments_with_personal_data"]


def _weighted(wave: Wave) -> tuple[float, float]:
    cell = wave.plan * 10 + wave.region
    answered = wave.is_answered
    invited, given = np.bincount(cell), np.bincount(cell[answered], minlength=cell.max() + 1)
    weight = (invited / np.maximum(given, 1))[cell[answered]]
    score = promoter_points(wave.nps[answered])
    return systems.ratio(pd.Series(weight * score), pd.Series(weight))


@pytest.mark.simulation
def test_intervals_of_the_change_cover_the_truth_over_seeds() -> None:
    covered = []
    for seed in range(40):
        before, after = simulate_waves(simulate_population(20_000, seed), seed)[-2:]
        (low, low_error), (high, high_error) = _weighted(before), _weighted(after)
        truth = promoter_points(after.nps).mean() - promoter_points(before.nps).mean()
        covered.append(abs(high - low - truth) < 1.96 * np.hypot(low_error, high_error))
    # Coverage exceeds 95 % a little: the answers are a third of a finite population.
    assert np.mean(covered) >= 0.9


def test_nobody_acts_before_joining_or_after_leaving() -> None:
    population = simulate_population(3_000, 1)
    assert ((population.churned == NEVER) | (population.churned > population.joined)).all()
    for wave in simulate_waves(population, 1):
        assert (population.joined[wave.customer] < wave.sent).all()
        assert (population.churned[wave.customer] > wave.sent).all()


def test_the_surveys_on_trial_asked_some_of_those_they_could(small: CompanyFiles) -> None:
    def lines(name: str) -> pd.DataFrame:
        text = (small.service / f"pilot_{name}.jsonl").read_text(encoding="utf-8")
        return pd.DataFrame([json.loads(line) for line in text.splitlines()])

    asked, heard = lines("invitations"), lines("answers")
    counted = {"eligible": len(asked), "invited": int(asked["invitedTs"].notna().sum())}
    assert small.truth()["pilots"] == counted | {"answers": len(heard)}
    assert counted["eligible"] > counted["invited"] > len(heard) > 100
    assert set(heard["inviteId"]) == set(asked[asked["answeredTs"].notna()]["inviteId"])
    assert asked["eligibleTs"].min() > "2026-07-01"
