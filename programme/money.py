"""Declared money: what one currency is worth in another, and how costs are spread."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from programme.base import Declaration, RefusedError, Words


class Rate(Declaration):
    """What one unit of a currency is worth in the programme's currency, from a day on."""

    since: date
    value: float = Field(gt=0)


class CurrencyRates(Declaration):
    """The declared rates of one currency. The file stem is the id.

    A rate holds from its day until the next one. Amounts before the first have no value in the
    programme's currency: they are counted, never guessed.
    """

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    rates: list[Rate] = Field(min_length=1)

    @model_validator(mode="after")
    def _days_ascend(self) -> CurrencyRates:
        for place in range(1, len(self.rates)):
            if self.rates[place].since <= self.rates[place - 1].since:
                raise RefusedError(
                    f"{self.rates[place].since} does not follow {self.rates[place - 1].since}",
                    *("rates", place, "since"),
                    mend="write each day once, the earliest first",
                )
        return self


class CostAllocation(Declaration):
    """How booked costs are spread over what they were spent on. The file stem is the id.

    The costs of one month are divided evenly: over the contacts opened in it, those of a team over
    that team's contacts; or over the customers who joined in it, those of an acquisition channel
    over that channel's customers. ``ungrouped`` says what becomes of costs that name no team (no
    channel): ``shared`` by everything of the month, or left ``unallocated``.
    """

    title: Words
    cost_kinds: list[str] = Field(min_length=1)
    over: Literal["contacts", "new_customers"]
    ungrouped: Literal["shared", "unallocated"]
