"""Declared experiments: the plan, written before the test and locked when it is registered."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from programme.base import Declaration, Identifier, RefusedError, Share, Words


class Variant(Declaration):
    """One arm; ``share`` is the intended fraction of units."""

    share: Share
    is_control: bool = False
    description: Words


class SuccessMetric(Declaration):
    """A metric that the intervention is meant to move.

    ``minimum_effect`` is absolute, positive, in the metric's unit and the ``alternative``'s
    direction.
    """

    metric: Identifier
    alternative: Literal["increase", "decrease"]
    minimum_effect: float = Field(gt=0)


class Guardrail(Declaration):
    """A metric that must not get worse by more than ``margin`` (absolute, positive)."""

    metric: Identifier
    harm: Literal["increase", "decrease"]
    margin: float = Field(gt=0)


class Amendment(Declaration):
    """A change made known after registration."""

    date: date
    what: str


class Experiment(Declaration):
    """One test. The file stem is the id. Metrics are named here, never defined.

    ``unit`` is what is assigned to the arms. Where that is an account or a region, the customers
    who belong to it when it is exposed are followed, and the clusters are what is compared.
    """

    title: Words
    hypothesis: Words
    owner: str
    intervention: Words
    status: Literal["draft", "running", "concluded", "abandoned"]
    unit: Literal["customer", "account", "region"] = "customer"
    starts_on: date
    ends_on: date
    window_days: int = Field(ge=1, le=366)
    pre_period_days: int = Field(default=90, ge=0, le=366)
    variants: dict[Identifier, Variant] = Field(min_length=2)
    success: list[SuccessMetric] = Field(min_length=1)
    guardrails: list[Guardrail] = Field(default=[])
    secondary: list[Identifier] = Field(default=[])
    segments: list[Identifier] = Field(default=[])
    use_cuped: bool = True
    alpha: Share = 0.05
    power: Share = 0.8
    amendments: list[Amendment] = Field(default=[])

    @model_validator(mode="after")
    def _plan_is_whole(self) -> Experiment:
        total = sum(variant.share for variant in self.variants.values())
        if abs(total - 1) > 1e-9:
            raise RefusedError(
                f"the variants' shares sum to {total:g}, not to 1",
                "variants",
                mend="let the shares sum to 1",
            )
        controls = [name for name, variant in self.variants.items() if variant.is_control]
        if len(controls) != 1:
            raise RefusedError(
                f"exactly one variant has `is_control: true`; found {controls or 'none'}",
                "variants",
                mend="mark the arm without the intervention, and only it",
            )
        if self.ends_on <= self.starts_on:
            raise RefusedError(
                f"ends_on {self.ends_on} does not lie after starts_on {self.starts_on}",
                "ends_on",
                mend="write the later day",
            )
        twice = sorted({name for name in self.metrics if self.metrics.count(name) > 1})
        if twice:
            raise RefusedError(
                f"metrics named twice: {', '.join(twice)}",
                mend="give each metric one role: success, guardrail or secondary",
            )
        return self

    @property
    def is_clustered(self) -> bool:
        """Whether whole groups of customers are assigned to an arm together."""
        return self.unit != "customer"

    @property
    def control(self) -> str:
        """The name of the control arm."""
        return next(name for name, variant in self.variants.items() if variant.is_control)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric the plan names, success first."""
        return (
            *(item.metric for item in self.success),
            *(item.metric for item in self.guardrails),
            *self.secondary,
        )
