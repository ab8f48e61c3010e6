"""A number of the final evaluation by its name, and the one that decides, declared before launch."""

from typing import Any, Literal

from pydantic import Field, model_validator

from cvae.extensions import why_absent
from cvae.record import PREFIXES
from cvae.sections import Section
from sweeps.experiment.metrics.final_numbers import FINAL_NUMBERS, FinalNumber

#: Metrics by which trials may be chosen and arms compared.
DECIDING: dict[str, FinalNumber] = {
    f"val/{short}": number for short, number in FINAL_NUMBERS.items() if number.decides is not None
}


class Measure(Section):
    """A number of the final evaluation, by its name on the validation split."""

    name: str = Field(description="metric of the last evaluation; confirm reads its split's")

    @property
    def short(self) -> str:
        """The name without its split: `psnr` of `val/psnr`."""
        return self.name.rpartition("/")[2]

    @property
    def prefix(self) -> str:
        """What its name says of the split that trials are chosen on: `val` of `val/psnr`."""
        return self.name.partition("/")[0]

    @property
    def label(self) -> str:
        """The name as people write it."""
        if self.short in ("psnr", "kl"):  # beside nothing else there is one of each
            return self.short.upper()
        known = FINAL_NUMBERS.get(self.short)
        return self.short if known is None else known.label

    @property
    def unit(self) -> str:
        """The unit; empty for a metric without one."""
        known = FINAL_NUMBERS.get(self.short)
        return "" if known is None else known.unit

    def key(self, split: str, forecast: str = "") -> str:
        """Return the metric's key in the final evaluation on a split, such as `test/psnr`.

        Args:
            split: train, validate or test.
            forecast: a baseline instead of the model, such as `copy_last`.
        """
        return f"{PREFIXES[split]}/{forecast}{'_' if forecast else ''}{self.short}"


class Metric(Measure):
    """What decides, declared before launch."""

    name: str = Field("val/psnr", description="metric of the last evaluation; confirm reads its split's")
    direction: Literal["maximize", "minimize"] = Field("maximize", description="which way is better; the metric's own")
    margin: float | None = Field(None, gt=0, description="differences within +-margin count as equivalent")

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, value: Any) -> Any:
        """Return a mapping without a direction with that of its metric, where the metric has one."""
        if not isinstance(value, dict) or "direction" in value:
            return value
        known = DECIDING.get(str(value.get("name")))
        return value if known is None or known.direction is None else value | {"direction": known.direction}

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return -1 if self.direction == "minimize" else 1

    @property
    def is_of_full(self) -> bool:
        """Whether only a full evaluation measures it."""
        return self.name in DECIDING and DECIDING[self.name].decides == "full"


def check_deciding(metric: Metric) -> None:
    """Check that a metric may decide.

    Raises:
        ValueError: it may not, or its direction is the wrong one; says what is allowed.
    """
    if metric.name not in DECIDING:
        allowed = ", ".join(f"'{name}'" for name in DECIDING)
        absent = why_absent("cvae.metrics", metric.short)
        raise ValueError(f"metric.name is '{metric.name}'; allowed: {allowed}{absent}")
    direction = DECIDING[metric.name].direction or "maximize"  # the gap: what the latent is worth, where it decides
    if metric.direction != direction:
        is_better = "more is better" if direction == "maximize" else "less is better"
        raise ValueError(
            f"metric.direction is '{metric.direction}'; allowed for {metric.name}: '{direction}', because {is_better}"
        )


def check_prunes(metric: Metric, pruner: str) -> None:
    """Check that trials can be judged by a metric while they train.

    Raises:
        ValueError: they cannot; says by which they could.
    """
    able = [name for name, number in DECIDING.items() if is_prunable(number)]
    if pruner != "none" and metric.name in DECIDING and metric.name not in able:
        allowed = " or ".join(able)
        raise ValueError(
            f"tune.pruner is {pruner} and metric.name is '{metric.name}'; a pruner needs a metric of every evaluation "
            f"of which more is better: {allowed}"
        )


def is_prunable(number: FinalNumber) -> bool:
    """Return whether trials may be pruned by a number: it is there at every evaluation, and more of it is better."""
    return number.decides in ("always", "samples") and number.direction == "maximize"
