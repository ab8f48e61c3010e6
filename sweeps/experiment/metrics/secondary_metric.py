"""Metrics that are reported beside the one that decides, and decide nothing."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field, model_validator

from cvae.errors import nearest
from sweeps.experiment.metrics.final_numbers import FINAL_NUMBERS, Direction
from sweeps.experiment.metrics.metric import Measure, Metric


class SecondaryMetric(Measure):
    """A metric that is reported beside the one that decides: a name alone, or with a direction and a margin.

    A direction of `none` reports differences and says of no arm that it leads.
    """

    direction: Direction = Field(description="which way is good; none: neither")
    margin: float | None = Field(None, gt=0, description="differences within +-margin are not spoken of")

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, value: Any) -> Any:
        """Return a name alone as a mapping, with the direction that the metric has of its own."""
        given = {"name": value} if isinstance(value, str) else value
        if not isinstance(given, dict):
            raise ValueError("a metric is a name, or a mapping of name, direction and margin")
        if not isinstance(name := given.get("name"), str):
            return given
        known, short = [f"val/{number}" for number in FINAL_NUMBERS], name.rpartition("/")[2]
        if name not in known:
            close = f"; did you mean '{near}'?" if (near := nearest(name, known)) else ""
            raise ValueError(f"'{name}' is no metric{close}; known: {', '.join(known)}")
        if given.get("direction") is not None:
            return given
        if (own := FINAL_NUMBERS[short].direction) is None:
            raise ValueError(
                f"'{name}' is good in neither direction by itself; give one, as {{name: {name}, direction: maximize}}, "
                "minimize, or none"
            )
        return given | {"direction": own}

    @property
    def label(self) -> str:
        """The name as people write it, within a sentence."""
        return FINAL_NUMBERS[self.short].label

    @property
    def unit(self) -> str:
        """The unit; empty for a metric without one."""
        return FINAL_NUMBERS[self.short].unit

    @property
    def sign(self) -> int:
        """+1 where more is good, -1 where less is, 0 where neither."""
        return {"maximize": 1, "minimize": -1, "none": 0}[self.direction]


def label_of(metric: Metric) -> str:
    """Return what the metric that decides is called beside others: `one-sample PSNR`."""
    known = FINAL_NUMBERS.get(metric.short)
    return metric.label if known is None else known.label


def check_also(metric: Metric, also: Sequence[SecondaryMetric]) -> None:
    """Check that no metric is reported twice.

    Raises:
        ValueError: one is named twice, or is the one that decides.
    """
    names = [metric.name, *(secondary.name for secondary in also)]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise ValueError(f"also names {name}, which is {'the metric' if name == metric.name else 'there already'}")
