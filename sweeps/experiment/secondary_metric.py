"""Metrics that are reported beside the one that decides, and decide nothing."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field, model_validator

from cvae.errors import nearest
from sweeps.experiment.metric import Measure, Metric

Direction = Literal["maximize", "minimize", "none"]


class FinalNumber(NamedTuple):
    """A number that final evaluations of confirm runs may hold; `direction` is None where it has none of its own."""

    label: str  # as it is said in a sentence
    unit: str
    direction: Direction | None


#: Name without its split -> what it is (docs/evaluation.md). To report another number of the final evaluation, add it.
FINAL_NUMBERS: dict[str, FinalNumber] = {
    "psnr": FinalNumber("one-sample PSNR", "dB", "maximize"),
    "ssim": FinalNumber("SSIM", "", "maximize"),
    "mse": FinalNumber("MSE", "", "minimize"),
    "lpips": FinalNumber("LPIPS", "", "minimize"),
    "fvd": FinalNumber("FVD", "", "minimize"),
    "energy": FinalNumber("raw energy score", "", "minimize"),
    "energy_db": FinalNumber("energy score", "dB", "maximize"),
    "copy_last_energy_db": FinalNumber("energy score of copy-last-frame", "dB", "maximize"),
    "crps": FinalNumber("CRPS", "", "minimize"),
    "best_of_n_psnr": FinalNumber("best-of-n PSNR", "dB", "maximize"),
    "worst_of_n_psnr": FinalNumber("worst-of-n PSNR", "dB", "maximize"),
    "mean_of_n_psnr": FinalNumber("mean-of-n PSNR", "dB", "maximize"),
    "psnr_of_mean_of_n": FinalNumber("PSNR of the mean of n", "dB", "maximize"),
    "posterior_psnr": FinalNumber("posterior PSNR", "dB", "maximize"),
    "distortion": FinalNumber("distortion", "", "minimize"),
    "zero_psnr": FinalNumber("PSNR with z = 0", "dB", None),
    "posterior_zero_gap": FinalNumber("gap from posterior to z = 0", "dB", None),
    "shuffled_actions_psnr": FinalNumber("PSNR with shuffled actions", "dB", None),
    "shuffled_positions_psnr": FinalNumber("PSNR with shuffled positions", "dB", None),
    "zeroed_actions_psnr": FinalNumber("PSNR with zeroed actions", "dB", None),
    "zeroed_positions_psnr": FinalNumber("PSNR with zeroed positions", "dB", None),
    "kl": FinalNumber("posterior KL", "nats", None),
    "active_units": FinalNumber("active units", "", None),
    "mutual_information": FinalNumber("mutual information", "nats", None),
    "mse_between_samples": FinalNumber("MSE between samples", "", None),
}


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
