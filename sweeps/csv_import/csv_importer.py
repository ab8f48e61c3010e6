"""From the results of a table to an experiment's folder, made again where the table has grown."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from cvae.config import dump_yaml
from cvae.errors import InputError
from cvae.record import RunIdentity, RunState
from sweeps.csv_import.csv_file import CsvFile, read_csv
from sweeps.csv_import.csv_scores import CsvScore, scores_of
from sweeps.experiment import Metric, Phase
from sweeps.imported_experiment import ImportedExperiment, ImportedRun, replace_experiment, write_experiment

_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class ScoreMeaning:
    """What the scores of a table are: the metric's name (`psnr` is in dB), which way is better, and the margin.

    Raises:
        InputError: the name is none, the direction is none, or the margin is not above 0.
    """

    metric: str = "score"
    direction: str = "maximize"
    margin: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no experiment may declare."""
        if not _METRIC.fullmatch(self.metric) or self.metric == "name":
            raise InputError(f"--metric is '{self.metric}'; it is a word such as psnr, without a split")
        if self.direction not in ("maximize", "minimize"):
            raise InputError(f"--direction is '{self.direction}'; allowed: maximize, minimize")
        if self.margin is not None and not (self.margin > 0 and math.isfinite(self.margin)):
            raise InputError(f"--margin is {self.margin}; it is a number above 0")

    @property
    def declared(self) -> Metric:
        """The metric as an experiment declares it."""
        return Metric(
            name=f"val/{self.metric}",
            direction="minimize" if self.direction == "minimize" else "maximize",
            margin=self.margin,
        )


def import_csv(path: Path, into: Path | None, meaning: ScoreMeaning) -> Path:
    """Write an experiment's folder from a table of results, and return it.

    A table that has not changed since is left as it was imported; one that has grown is imported again, and what
    earlier reports said of it is kept.

    Raises:
        InputError: the table cannot be used, or the folder holds something else.
    """
    file = read_csv(path)
    experiment = _experiment(file, meaning, (into or Path(path.stem)).name)
    folder = into or Path("runs") / f"{path.stem}-imported"
    origin = {
        "source": str(path.resolve()),
        "meaning": asdict(meaning),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_experiment(experiment, folder, origin)
    elif not _is_known(folder, origin):
        replace_experiment(experiment, folder, origin)
    return folder


def _is_known(folder: Path, origin: Mapping[str, Any]) -> bool:
    """Return whether a folder holds this very table; the same one with other content is to be imported again."""
    try:
        known = dict(json.loads((folder / "imported.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{folder}: exists and was not imported; choose another folder with --into") from error
    if known.get("source") != origin["source"] or known.get("meaning") != origin["meaning"]:
        raise InputError(
            f"{folder}: was imported from {known.get('source')} with {known.get('meaning') or known.get('mapping')}; "
            "remove it to import again, or choose another folder with --into"
        )
    return bool(known.get("sha256") == origin["sha256"])


def _experiment(file: CsvFile, meaning: ScoreMeaning, name: str) -> ImportedExperiment:
    scores = scores_of(file)
    by_run: dict[tuple[str, Phase, int], list[CsvScore]] = {}
    for score in scores:
        by_run.setdefault((score.arm, score.phase, score.seed), []).append(score)
    _check_once(file, by_run.values())
    _check_clips(file, by_run)
    arms = list(dict.fromkeys(score.arm for score in scores))
    runs = list(_runs(by_run, arms, meaning.declared, name))
    confirm_seeds = {run.identity.seed for run in runs if run.identity.phase == "confirm"}
    if not confirm_seeds:
        raise InputError(f"{file.path}: has no confirm line, and tune scores decide nothing")
    plan = {
        "name": name,
        "question": f"Imported from {file.path.name}.",
        "metric": meaning.declared.model_dump(mode="json"),
        "arms": {arm: {} for arm in arms},
        "search": {},
        "tune": {
            "trials_per_arm": max(
                sum(r.identity.phase == "tune" and r.identity.arm == arm for r in runs) for arm in arms
            )
        },
        "confirm": {"configs_per_arm": 1, "seeds": len(confirm_seeds), "split": "test"},
    }
    return ImportedExperiment(runs, {"experiment.yaml": dump_yaml(plan)})


def _check_once(file: CsvFile, runs: Iterable[Sequence[CsvScore]]) -> None:
    """Refuse two lines for one result, and lines of one run that disagree on how it ended."""
    for of_run in runs:
        seen: dict[str | None, CsvScore] = {}
        for score in of_run:
            first = seen.setdefault(score.clip, score)
            clip = "" if score.clip is None else f", clip {score.clip}"
            if first is not score:
                problem = (
                    f"arm {score.arm}, {score.phase} seed {score.seed}{clip} stands in line {first.line.number} too"
                )
                raise file.fault(score.line, problem)
            if score.status != of_run[0].status:
                raise file.fault(
                    score.line,
                    f"status is {score.status}; line {of_run[0].line.number}, of the same run, says {of_run[0].status}",
                )


def _check_clips(file: CsvFile, by_run: Mapping[tuple[str, Phase, int], Sequence[CsvScore]]) -> None:
    """Refuse runs of one phase that were scored on different clips: their means are different quantities."""
    first: dict[Phase, tuple[set[str | None], CsvScore]] = {}
    for (_, phase, _), of_run in by_run.items():
        if of_run[0].status != "finished":
            continue
        clips, (expected, other) = (
            {s.clip for s in of_run},
            first.setdefault(phase, ({s.clip for s in of_run}, of_run[0])),
        )
        if different := sorted(map(str, clips ^ expected)):
            raise file.fault(
                of_run[0].line,
                f"arm {of_run[0].arm}, seed {of_run[0].seed} and arm {other.arm}, seed {other.seed} were scored on "
                f"different clips ({different[0]} is in one alone)",
            )


def _runs(
    by_run: Mapping[tuple[str, Phase, int], Sequence[CsvScore]], arms: Sequence[str], metric: Metric, name: str
) -> Iterator[ImportedRun]:
    n_trials = dict.fromkeys(arms, 0)
    for (arm, phase, seed), of_run in by_run.items():
        number = n_trials[arm] if phase == "tune" else 0
        n_trials[arm] += phase == "tune"
        identity = RunIdentity(name, arm, phase, number, seed)
        values = [math.nan if score.score is None else score.score for score in of_run]
        if of_run[0].status != "finished":
            yield ImportedRun(identity, {}, [], RunState(of_run[0].status))
            continue
        mean = fmean(values)
        key = metric.key("validate" if phase == "tune" else "test")
        final = {key: mean if math.isfinite(mean) else None}
        flags = {"diverged": not math.isfinite(mean), "collapsed": False}
        names = [score.clip for score in of_run]
        clips = {} if None in names else {"name": np.array(names), metric.short: np.array(values)[:, None]}
        yield ImportedRun(identity, {}, [], RunState("finished", flags=flags, final=final), clips)
