"""Everything that is planted: the numbers that a correct analysis must find again."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

PLANS = ("lite", "standard", "premium")
REGIONS = ("kanto", "kansai", "rest_of_japan", "north_america", "europe", "asia_pacific")
REGION_SHARES = (0.29, 0.16, 0.15, 0.18, 0.12, 0.10)
JAPANESE_REGIONS = 3
CHANNELS = ("online_store", "retail", "referral", "partner")
CHANNEL_SHARES = (0.46, 0.27, 0.15, 0.12)

DRIVERS = (
    "support_quality",
    "product_reliability",
    "value_for_price",
    "app_usability",
    "ease_of_setup",
    "delivery_experience",
)
DRIVER_WEIGHTS = (0.50, 0.34, 0.26, 0.17, 0.10, 0.06)
"""Effect of one rating point on the latent willingness to recommend, in this order."""
DRIVER_MEANS = (3.45, 3.75, 3.35, 3.60, 3.85, 3.95)
DRIVER_PLAN_SHIFT = (-0.22, 0.0, 0.30)
"""Added to every driver for customers of the lite, standard and premium plan."""

WAVES = ("2023H2", "2024H1", "2024H2", "2025H1", "2025H2", "2026H1")
SUPPORT_SHIFTS = (0.0, 0.05, 0.05, 0.0, -0.03, 0.29)
APP_SHIFTS = (0.0, 0.0, 0.04, 0.04, 0.04, 0.10)

NPS_CENTRE = 7.38
NPS_SPREAD = 1.6
NPS_JAPAN_SHIFT = -0.45
NPS_ABROAD_SHIFT = 0.60
NPS_NOISE = 0.85

WORDING_BREAK = date(2024, 11, 1)
OLD_WORDING_DROP = 0.15
"""Share of customers whom the old wording led to answer one point lower."""

RESPONSE_BASE = -0.86
RESPONSE_TO_SATISFACTION = 0.14
"""Log odds of answering per standard deviation of willingness to recommend, in every wave."""
RESPONSE_BY_PLAN = (-0.22, 0.0, 0.28)
RESPONSE_BY_REGION = (-0.06, -0.10, 0.0, 0.10, 0.04, -0.04)

JOINER_PLANS = (0.28, 0.45, 0.27)
CAMPAIGN_JOINER_PLANS = (0.58, 0.28, 0.14)
CAMPAIGN_MONTHS = (29, 35)
"""December 2025 up to May 2026: the relaunched lite plan takes customers of the other plans."""

HEALTH_WEIGHTS = {
    "satisfaction": 0.55,
    "engagement": 0.35,
    "premium_plan": 0.30,
    "lite_plan": -0.20,
}
"""Log hazard of leaving falls by these per unit of each part."""


class Trial(NamedTuple):
    """When one experiment enrols and how long each unit is followed."""

    id: str
    starts_on: date
    ends_on: date
    window_days: int
    pre_period_days: int


CALLBACK = Trial("callback_within_one_hour", date(2025, 9, 1), date(2026, 3, 31), 60, 90)
TOUR = Trial("guided_onboarding_tour", date(2026, 1, 5), date(2026, 1, 25), 90, 90)
CHATBOT = Trial("chatbot_first_reply", date(2025, 10, 6), date(2025, 11, 16), 28, 90)

CALLBACK_LATENT_EFFECT = 0.24
"""Shift of the latent ticket satisfaction by a callback within one hour."""
TOUR_PREMIUM_SHARE = 0.50
"""Share of the premium customer-months that gain one active day; others lose the same total."""
CHATBOT_LOST_SHARE = 0.12
"""Share of the treatment exposures that the logging fault loses."""
CHATBOT_IN_BOTH_ARMS = 5

DIRT = {
    "responses_out_of_scale": 12,
    "responses_text_score": 9,
    "responses_unparsable_date": 7,
    "responses_duplicate": 40,
    "responses_updated": 25,
    "touchpoints_out_of_scale": 10,
    "touchpoints_unparsable_date": 6,
    "touchpoints_duplicate": 60,
    "crm_unknown_country": 5,
    "crm_unparsable_order_date": 4,
    "crm_impossible_usage": 8,
    "helpdesk_unknown_channel": 4,
    "exposures_unknown_arm": 5,
    "comments_with_personal_data": 12,
}
"""How many rows of each kind of dirt are planted, whatever the number of customers."""
