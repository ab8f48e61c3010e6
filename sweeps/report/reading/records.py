"""What the report knows of an experiment: its plan and its runs, as plain typed values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cvae.record import FINAL_STATUSES, LOST, RunState, finite, is_collapsed
from cvae.schedules import sets_own_weight
from sweeps.experiment import Measure, Metric, SecondaryMetric
from sweeps.report.reading.epochs import Epochs
from sweeps.search_space import Dimension


@dataclass(frozen=True)
class PlanRecord:
    """The experiment file: what was to be compared and how often."""

    name: str
    question: str
    metric: Metric
    arms: tuple[str, ...]
    spaces: Mapping[str, Mapping[str, Dimension]]  # arm -> parameter that some trial may have -> its range
    trials_per_arm: int
    sampler: str | None
    n_configs: int
    n_seeds: int
    split: str
    n_tunings: int = 1  # of every arm, each on trials of its own and with confirm seeds of its own
    stop: str = "planned"  # when a sweep ends: after all planned seeds, or once it is sure
    also: tuple[SecondaryMetric, ...] = ()  # reported beside the metric; they decide nothing

    @property
    def n_blocks(self) -> int:
        """Differences that every pair of arms will have: one a tuning where there are several, else one a seed."""
        return self.n_tunings if self.n_tunings > 1 else self.n_seeds

    @property
    def block(self) -> str:
        """What one difference of a pair comes from, for people: a seed or a tuning."""
        return "tuning" if self.n_tunings > 1 else "seed"

    @property
    def confirm_key(self) -> str:
        """The metric's key in the final evaluation of a confirm run, such as `test/psnr`."""
        return self.key_of(self.metric)

    def key_of(self, measure: Measure) -> str:
        """Return the key of any number of the final evaluation of a confirm run."""
        return measure.key(self.split)

    @property
    def confirm_copy_key(self) -> str:
        """The same for the forecast that repeats the last given frame."""
        return self.metric.key(self.split, "copy_last")


@dataclass(frozen=True)
class RunRecord:
    """One trained model's record."""

    folder: Path
    arm: str
    phase: str
    number: int
    seed: int | None
    trial: int | None
    params: Mapping[str, Any]
    config: Mapping[str, Any]
    state: RunState
    epochs: Epochs
    diagnostics: Mapping[str, Any]  # what the final evaluation measured beside the score; empty where none was kept
    own_name: str | None = None  # what it says that it is, `arm/tune-003`; None where it says nothing

    @property
    def name(self) -> str:
        """The folder's name within its arm, such as `confirm-0-s1003`."""
        return self.folder.name

    @property
    def status(self) -> str:
        """One of the record's statuses, or `pending`."""
        return self.state.status

    @property
    def is_finished(self) -> bool:
        """The run trained to its end and was evaluated."""
        return self.status == "finished"

    def final(self, key: str) -> float | None:
        """Return a number of the final evaluation; None where it is missing, not finite, or the run unfinished."""
        return finite(self.state.scores.get(key)) if self.is_finished else None

    def final_per_frame(self, key: str) -> list[float]:
        """Return a per-frame series of the final evaluation; empty where there is none."""
        values = [finite(v) for v in self.state.scores.get(key) or []] if self.is_finished else []
        return [v for v in values if v is not None] if None not in values else []

    def final_kl(self) -> float | None:
        """Return the unweighted KL at the end of training, nats per sequence; None for an unfinished run."""
        at_the_end = self.final("train/kl")
        if at_the_end is not None or not self.is_finished:
            return at_the_end
        logged = self.series("train/kl")
        return logged[-1][1] if logged else None

    @property
    def has_collapsed(self) -> bool:
        """The finished run's posterior says nothing: flagged so by its evaluation, or KL below the threshold."""
        return self._flag("collapsed", derived=is_collapsed(self.final_kl()))

    @property
    def has_diverged(self) -> bool:
        """The run broke down: a non-finite loss, or frames no better than one flat colour."""
        return self.status == "diverged" or self._flag("diverged", derived=False)

    def broke_down(self, key: str) -> bool:
        """The run ended without a model to be judged: lost, diverged, or finished with a `key` that is no number."""
        is_unscored = self.is_finished and key in self.state.scores and finite(self.state.scores[key]) is None
        return self.status in LOST or self.has_diverged or is_unscored

    def _flag(self, name: str, derived: bool) -> bool:
        flag = (self.state.flags or {}).get(name)
        return self.is_finished and (derived if flag is None else flag)

    def weight(self) -> float | None:
        """Return the top weight of the KL term, in the mean convention: beta, or the last one that the training set."""
        anneal = self.config.get("kl_anneal")
        mode = anneal.get("mode") if isinstance(anneal, Mapping) else None
        if not sets_own_weight(mode):
            return finite(self.config.get("beta", self.params.get("beta")))
        recorded = self.series("train/beta")
        return recorded[-1][1] if recorded else None

    def series(self, key: str) -> list[tuple[int, float]]:
        """Return (step, value) for the evaluations that have a finite value."""
        return self.epochs.series(key)


@dataclass(frozen=True)
class ExperimentRecord:
    """An experiment's folder, read."""

    folder: Path
    plan: PlanRecord
    runs: tuple[RunRecord, ...]
    strangers: tuple[str, ...]  # run folders of arms that the experiment file does not name
    earlier_metrics: tuple[str, ...]  # other metrics that an earlier report of the folder was written for
    beta_c: Mapping[str, float]  # arm -> bound on the weight of the KL term above which no latent lives; where known
    looks: Mapping[tuple[str, str], tuple[tuple[int, str], ...]] = field(default_factory=dict)  # earlier reports' words
    first_planned: int | None = None  # seeds that were planned at the first look, of a report or of the sweep
    damage: tuple[str, ...] = ()  # what could not be read, a sentence each
    edited: tuple[str, ...] = ()  # what is not as the sweep wrote it, a sentence each
    differences: tuple[str, ...] = ()  # between experiments that were merged: configured values that no two share

    def of(self, arm: str, phase: str) -> list[RunRecord]:
        """Return an arm's runs of one phase, in order."""
        return [run for run in self.runs if run.arm == arm and run.phase == phase]

    @property
    def confirm_seeds(self) -> list[int]:
        """Every seed that some arm was confirmed with."""
        return sorted({run.seed for run in self.runs if run.phase == "confirm" and run.seed is not None})

    @property
    def data_fingerprints(self) -> list[str]:
        """What the data of finished confirm runs is known by; more than one where they differ, none where none is."""
        finished = [run.state for run in self.runs if run.phase == "confirm" and run.is_finished]
        return sorted({state.data_fingerprint for state in finished if state.data_fingerprint})

    @cached_property
    def block_of_seed(self) -> dict[int, int]:
        """Confirm seed -> what its differences count as: itself, or the tuning whose choice it confirmed."""
        runs, several = [run for run in self.runs if run.phase == "confirm"], self.plan.n_tunings > 1
        return {run.seed: run.number if several else run.seed for run in runs if run.seed is not None}

    @property
    def is_complete(self) -> bool:
        """Whether every confirm run has ended that can be: of a tuning that chose nothing there will be none."""
        plan, n_untuned = self.plan, sum(len(self.untuned(arm)) for arm in self.plan.arms)
        n_over = sum(run.phase == "confirm" and (run.is_finished or run.status in LOST) for run in self.runs)
        return n_over >= plan.n_configs * plan.n_seeds // plan.n_tunings * (len(plan.arms) * plan.n_tunings - n_untuned)

    def untuned(self, arm: str) -> set[int]:
        """Return the tunings of an arm that chose nothing, because every trial ended without a score."""
        n, trials = self.plan.n_tunings, [run for run in self.of(arm, "tune") if run.status in FINAL_STATUSES]
        unscored = Counter(run.number % n for run in trials if self.score(run) is None)
        return {tuning for tuning, ended in unscored.items() if ended >= self.plan.trials_per_arm // n}

    def score(self, run: RunRecord) -> float | None:
        """Return the declared metric of a finished run, on the split that its phase is evaluated on."""
        return run.final(self.plan.confirm_key if run.phase == "confirm" else self.plan.metric.name)
