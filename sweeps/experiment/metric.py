"""A number of the final evaluation by its name, and the one that decides, declared before launch."""

from typing import Literal

from pydantic import Field

from cvae.record import PREFIXES
from cvae.sections import Section

#: Metrics by which trials may be chosen and arms compared: each in dB, more is better, and scored at every evaluation.
DECIDING = ("val/psnr", "val/energy_db")


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
        if self.short == "energy_db":
            return "energy score"
        return self.short.upper() if self.short in ("psnr", "ssim", "kl", "mse") else self.short

    @property
    def unit(self) -> str:
        """The unit; empty for a metric without one."""
        return {"psnr": "dB", "energy_db": "dB", "kl": "nats"}.get(self.short, "")

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
    direction: Literal["maximize", "minimize"] = Field("maximize", description="which way is better")
    margin: float | None = Field(None, gt=0, description="differences within +-margin dB count as equivalent")

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return -1 if self.direction == "minimize" else 1


def check_deciding(metric: Metric) -> None:
    """Check that a metric may decide.

    Raises:
        ValueError: it may not, or its direction is the wrong one; says what is allowed.
    """
    if metric.name not in DECIDING:
        allowed = ", ".join(f"'{name}'" for name in DECIDING)
        raise ValueError(f"metric.name is '{metric.name}'; allowed: {allowed}")
    if metric.direction != "maximize":
        raise ValueError(f"metric.direction is '{metric.direction}'; allowed: 'maximize', because more dB are better")
