"""The two phases of an experiment file: the search within each arm, and the confirmation of what it chose.

And what an arm may be called, since its folder lies beside the program's own files.
"""

from collections.abc import Collection
from typing import Any, Literal

from pydantic import Field, model_validator

from cvae.config import Split
from cvae.sections import Section
from sweeps.decision import LEAST_PAIRS, MOST_BLOCKS
from sweeps.experiment.sampler_options import PRUNERS, SAMPLERS, PrunerName, SamplerName, check_options

#: Tunings of every arm where an experiment file does not say how many and its numbers divide by them.
TUNINGS = 6

#: Trials an arm from which that is so: with fewer a tuning would look at one point.
LEAST_TRIALS = 2 * TUNINGS

#: Runs of an arm and phase, at most: each is a folder, and every look reads all of them.
MOST_RUNS = 100_000

#: What lies in an experiment's folder beside its arms.
RESERVED = frozenset(
    {"stop", "storage", "lock", "wandb", "report", "damaged", "folder_id", "journal_path"}
    | {"experiment.yaml", "study.journal", "ledger.jsonl", "coordinator.json", "data.json"}
)

#: How the names begin of which there may be several.
RESERVED_STARTS = ("study.journal.", "coordinator.", "changes-")


class Tune(Section):
    """Search within each arm, on the validation split."""

    trials_per_arm: int = Field(ge=1, le=MOST_RUNS, description="trials in all, not in addition")
    sampler: SamplerName = Field("qmc", description="qmc: the same points in every arm")
    sampler_options: dict[str, Any] = Field(default_factory=dict, description="of the sampler (docs/sweeps.md)")
    pruner: PrunerName = Field("none", description="ends hopeless trials early")
    pruner_options: dict[str, Any] = Field(default_factory=dict, description="of the pruner (docs/sweeps.md)")
    checkpoints: Literal["best", "all"] = Field(
        "best", description="best: a trial's checkpoint is removed once it is not among those that confirm takes"
    )

    @model_validator(mode="after")
    def _options_are_known(self) -> "Tune":
        check_options("sampler", self.sampler, SAMPLERS, self.sampler_options)
        check_options("pruner", self.pruner, PRUNERS, self.pruner_options)
        return self


class Confirm(Section):
    """Train each arm's best configurations again with fresh seeds that all arms share."""

    configs_per_arm: int = Field(1, ge=1, le=MOST_RUNS, description="best trials of each arm that are confirmed")
    replicates: int | None = Field(
        None, ge=1, description="tunings of every arm on trials of their own, each confirmed with seeds of its own"
    )
    seeds: int = Field(
        12, ge=1, le=MOST_RUNS, description="seeds an arm for each configuration; for all tunings together"
    )
    split: Split = Field("test", description="split of the final evaluation")
    stop: Literal["planned", "sure"] = Field(
        "planned", description="sure: no more seeds for a pair that has its word, or hardly a chance of one"
    )

    @model_validator(mode="after")
    def _is_countable(self) -> "Confirm":
        if (n := self.configs_per_arm * self.seeds) > MOST_RUNS:
            raise ValueError(f"configs_per_arm times seeds is {n}; allowed: at most {MOST_RUNS} runs an arm")
        return self


def count_tunings(tune: Tune | None, confirm: Confirm) -> int:
    """Return how often every arm is tuned: as named, else `TUNINGS` where the numbers allow it, else once."""
    if confirm.replicates is not None:
        return confirm.replicates
    if tune is None or tune.sampler != "qmc" or tune.pruner != "none" or tune.trials_per_arm < LEAST_TRIALS:
        return 1
    if confirm.configs_per_arm > 1 or confirm.stop == "sure":
        return 1
    return 1 if tune.trials_per_arm % TUNINGS or confirm.seeds % TUNINGS else TUNINGS


def fill_in_tunings(tune: Tune | None, confirm: Confirm) -> Confirm:
    """Return the section with its number of tunings, which still does not count as named where it was not."""
    values = dict(confirm) | {"replicates": count_tunings(tune, confirm)}
    return Confirm.model_construct(_fields_set=confirm.model_fields_set, **values)


def check_tunings(tune: Tune | None, confirm: Confirm) -> None:
    """Check that trials and seeds can be divided among the tunings.

    Raises:
        ValueError: they cannot; says what is allowed.
    """
    n = count_tunings(tune, confirm)
    if n == 1:
        return
    if tune is None:
        raise ValueError(f"confirm.replicates is {n} and there is no `tune` section; allowed without one: 1")
    if confirm.configs_per_arm > 1:
        raise ValueError(
            f"confirm.replicates is {n} and confirm.configs_per_arm is {confirm.configs_per_arm}: the best trial of "
            "each tuning is confirmed; allowed with replicates: configs_per_arm 1"
        )
    for key, total in (("tune.trials_per_arm", tune.trials_per_arm), ("confirm.seeds", confirm.seeds)):
        if total % n:
            near = " or ".join(str(m) for m in (total // n * n, total // n * n + n) if m)
            raise ValueError(
                f"{key} is {total} and confirm.replicates is {n}: every tuning gets as many; allowed: a multiple "
                f"of {n}, such as {near}"
            )


def check_stop(confirm: Confirm, n_blocks: int, n_arms: int) -> None:
    """Check that a sweep that stops when it is sure can ever be.

    Raises:
        ValueError: there is nothing to be sure of, or a number of blocks that no interval is made for.
    """
    if confirm.stop != "sure":
        return
    if n_arms < 2:
        raise ValueError("confirm.stop is 'sure' and there is one arm: nothing is compared; allowed: 'planned'")
    if not LEAST_PAIRS <= n_blocks <= MOST_BLOCKS:
        key = "seeds" if n_blocks == confirm.seeds else "replicates"
        raise ValueError(
            f"confirm.stop is 'sure' and confirm.{key} is {n_blocks}; allowed with it: {LEAST_PAIRS} to {MOST_BLOCKS}, "
            f"because no word is given under {LEAST_PAIRS} pairs"
        )


def check_arm_names(names: Collection[str]) -> None:
    """Refuse names that are the program's own, in whatever letters, and those that some disks take for one.

    Raises:
        ValueError: names the arm.
    """
    for name in names:
        if name.casefold() in RESERVED or name.casefold().startswith(RESERVED_STARTS):
            raise ValueError(f"an arm cannot be called '{name}': the experiment's folder has a file of that name")
    if len({name.casefold() for name in names}) < len(names):
        raise ValueError("two arms have names that differ in capitals alone; some disks take them for one")
