"""The experiment file: a question, its arms, what is searched within each, how the winner is confirmed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from cvae.config import Config, Split, build_config, format_validation_error, load_yaml_mapping, merge
from cvae.config.presets import over_preset
from cvae.errors import InputError
from cvae.sections import Section
from sweeps.experiment.metrics import DECIDING, Metric, SecondaryMetric, check_also, check_deciding, check_prunes
from sweeps.experiment.overridden import override
from sweeps.experiment.phases import (
    Confirm,
    Tune,
    check_arm_names,
    check_stop,
    check_tunings,
    count_tunings,
    fill_in_tunings,
)
from sweeps.experiment.sampler_options import GridOptions
from sweeps.search_space import (
    Dimension,
    Value,
    WrittenDimension,
    WrittenVariant,
    corners,
    grid,
    overlapping,
    overrides_of,
    parameters,
)

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]

#: Seeds of confirm runs start here above the experiment's seed, clear of those of its tune trials.
CONFIRM_SEEDS_FROM = 1000


class Experiment(Section):
    """One experiment file, checked: every arm, and every bound of every search, is a valid configuration."""

    name: Name = Field(description="name of its folder")
    question: str = Field("", description="the question in words, printed on the report")
    metric: Metric = Metric()
    also: list[SecondaryMetric] = Field(default_factory=list, description="metrics reported beside it; decide nothing")
    seed: int = Field(0, ge=0, lt=2**31, description="moves the search points and every seed")
    base: dict[str, Any] = Field(default_factory=dict, description="differences from the default configuration")
    arms: dict[Name, WrittenVariant] = Field(min_length=1, description="what is compared")
    search: dict[str, WrittenDimension] = Field(default_factory=dict, description="tuned within every arm")
    tune: Tune | None = Field(None, description="left out: the arms are confirmed as they are")
    confirm: Confirm = Confirm()

    @model_validator(mode="after")
    def _names_are_free_and_metrics_known(self) -> "Experiment":
        check_arm_names(self.arms)
        check_deciding(self.metric)
        check_prunes(self.metric, self.tune.pruner if self.tune else "none")
        check_also(self.metric, self.also)
        return self

    @model_validator(mode="after")
    def _searches_are_tuned(self) -> "Experiment":
        searched = bool(self.search) or any(arm.search for arm in self.arms.values())
        if searched and self.tune is None:
            raise ValueError("something is searched but there is no `tune` section to say how many trials")
        if self.tune and not searched:
            raise ValueError("there is a `tune` section but nothing is searched")
        for name, arm in self.arms.items():
            if both := sorted(set(arm.search) & set(self.search)):
                raise ValueError(f"arm {name} searches {', '.join(both)}, which every arm searches already")
            if within := overlapping(self.space(name)):
                raise ValueError(f"arm {name} searches {within[1]}, which lies within {within[0]}, searched as well")
        return self

    @model_validator(mode="after")
    def _phases_fit(self) -> "Experiment":
        check_tunings(self.tune, self.confirm)
        check_stop(self.confirm, self.n_blocks, len(self.arms))
        return self.model_copy(update={"confirm": fill_in_tunings(self.tune, self.confirm)})

    @model_validator(mode="after")
    def _trials_can_be_had(self) -> "Experiment":
        for arm in self.arms if self.tune else ():
            self._check_grid(arm)
            self._check_steps(arm)
        return self

    def _check_grid(self, arm: str) -> None:
        if self.tune is None or self.tune.sampler != "grid":
            return
        n = len(grid(self.space(arm), GridOptions.model_validate(self.tune.sampler_options).points, self.seed))
        if self.tune.trials_per_arm > n:
            raise ValueError(f"tune.trials_per_arm is {self.tune.trials_per_arm}; the grid of arm {arm} has {n} points")

    def _check_steps(self, arm: str) -> None:
        """A pruner compares runs at the same step."""
        searched = {parameter.path for parameter in parameters(self.space(arm))}
        steps = {"train", "train.steps", "train.steps_per_epoch", "evaluation", "evaluation.every"}
        if self.tune and self.tune.pruner != "none" and (moved := sorted(searched & steps)):
            raise ValueError(f"tune.pruner is {self.tune.pruner} and {moved[0]} is searched: no steps would compare")

    @property
    def n_tunings(self) -> int:
        """Independent tunings of every arm."""
        return count_tunings(self.tune, self.confirm)

    @property
    def n_blocks(self) -> int:
        """Differences that every pair of arms will have: one a tuning where there are several, else one a seed."""
        return self.n_tunings if self.n_tunings > 1 else self.confirm.seeds

    def space(self, arm: str) -> dict[str, Dimension]:
        """Return what an arm searches: the shared dimensions in file order, then its own."""
        return {**self.search, **self.arms[arm].search}

    def config(self, arm: str, params: dict[str, Value], seed: int, split: Split, *, full: bool = False) -> Config:
        """Return the configuration of a run; `full` is whether it is evaluated in full where nothing else is written.

        Raises:
            InputError: the arm or a parameter makes an invalid configuration.
        """
        full = full or self.metric.is_of_full
        values = merge(merge({"evaluation": {"full": full}}, self.base), self.arms[arm].overrides)
        for difference in overrides_of(self.space(arm), params):
            values = merge(values, difference)
        values = merge(values, {"seed": seed, "evaluation": {"final_split": split}})
        chosen = "".join(f", {name} = {value}" for name, value in params.items() if isinstance(value, str))
        return build_config(values, f"arm '{arm}'{chosen}")

    def score_key(self, phase: str) -> str:
        """Return the key of the final evaluation that scores a run: a confirm run has another split than a tune run."""
        return self.metric.key("validate" if phase == "tune" else self.confirm.split)

    def tune_seed(self, trial: int) -> int:
        """Return the training seed of a trial: the same in every arm."""
        return self.seed + trial

    def confirm_seed(self, index: int) -> int:
        """Return a confirm seed: the same in every arm."""
        return self.seed + CONFIRM_SEEDS_FROM + index

    def written(self) -> dict[str, Any]:
        """Return the experiment as an experiment file holds it, defaults filled in."""
        # Without `also` where there is none: what never had the key is written as it was before there was one.
        return self.model_dump(mode="json", exclude=None if self.also else {"also"})


def build_experiment(values: dict[str, Any], where: str) -> Experiment:
    """Return the experiment that a mapping describes, its base laid over the preset that it names.

    Raises:
        InputError: a key is unknown, a value not allowed, or an arm or a bound of its search no valid configuration.
    """
    if isinstance(base := values.get("base"), dict):  # what a preset says is written out: it may change, runs may not
        values = values | {"base": over_preset(f"{where}, base", base)}
    try:
        experiment = Experiment.model_validate(values)
    except ValidationError as error:
        raise InputError(format_validation_error(error, Experiment, where)) from error
    build_config(experiment.base, f"{where}, base")
    for name in experiment.arms:
        _check_arm(experiment, name, where)
    return experiment


def _check_arm(experiment: Experiment, name: str, where: str) -> None:
    """Build the arm alone, with each searched parameter at each of its bounds, and with each two of them."""
    split = experiment.confirm.split
    try:
        for point in ({}, *corners(experiment.space(name))):
            _check_is_scored(f"arm '{name}'", experiment.metric, experiment.config(name, point, experiment.seed, split))
    except InputError as error:
        raise InputError(f"{where}, {error}") from error


def _check_is_scored(arm: str, metric: Metric, config: Config) -> None:
    """Refuse a metric that a configuration does not measure."""
    if DECIDING[metric.name].decides == "samples" and not config.evaluation.energy_samples:
        raise InputError(
            f"{arm}: metric.name is '{metric.name}' and evaluation.energy_samples is 0, so no run would have it; "
            "allowed with it: 2, 4, 8 or 16"
        )
    if metric.is_of_full and not config.evaluation.full:
        raise InputError(
            f"{arm}: metric.name is '{metric.name}' and evaluation.full is false, so no run would have it; leave it out"
        )


def load_experiment(path: Path, settings: Iterable[str] = ()) -> Experiment:
    """Return the experiment in a file, with `--set PATH=VALUE` options laid over it.

    Raises:
        InputError: the file cannot be read, is not a valid experiment, or lacks what an option names.
    """
    return build_experiment(override(load_yaml_mapping(path), settings), str(path))
