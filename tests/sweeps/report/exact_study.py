"""Writes experiment folders whose every score is given, as run_sweep.py would have left them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cvae.record import RunState, parse_record
from cvae.record.run_folder import RunFolder

#: The first confirm seed.
SEED = 500


def baseline(n: int) -> list[float]:
    """Scores of the arm that the others are planted against: 21 dB and a tenth of (7 i mod 10)."""
    return [21 + 0.1 * (7 * i % 10) for i in range(n)]


def above(differences: Sequence[float]) -> list[float]:
    """Scores of an arm that differs from the baseline by so much at each seed."""
    return [base + d for base, d in zip(baseline(len(differences)), differences, strict=True)]


@dataclass
class ExactStudy:
    """An experiment: arm -> its score at every seed; None for a run that has not started."""

    scores: Mapping[str, Sequence[float | None]]
    planned: int | None = None  # seeds; as many as there are scores
    margin: float | None = 0.1
    metric: str = "val/psnr"
    direction: str = "maximize"
    stop: str | None = None
    statuses: Mapping[tuple[str, int], str] = field(default_factory=dict)  # (arm, i) -> status of a lost run
    flagged: frozenset[tuple[str, int]] = frozenset()  # finished, and flagged as diverged
    kl: Mapping[str, float] = field(default_factory=dict)  # arm -> nats; 3 where not named
    tune: Mapping[str, Sequence[float]] = field(default_factory=dict)  # arm -> scores of its trials
    tune_seed: Mapping[tuple[str, int], int] = field(default_factory=dict)
    hours: float = 0.5  # of each run

    def write(self, folder: Path) -> Path:
        """Write the folder, or what it has become since, and return it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "experiment.yaml").write_text(yaml.safe_dump(self._experiment(), sort_keys=False))
        for arm, scores in self.scores.items():
            for number, score in enumerate(self.tune.get(arm, ())):
                self._run(folder / arm / f"tune-{number:03d}", arm, "tune", number, number, number, score)
            best = max(range(len(self.tune[arm])), key=lambda i: self.tune[arm][i]) if self.tune.get(arm) else None
            for i, score in enumerate(scores):
                if score is not None or (arm, i) in self.statuses:
                    path = folder / arm / f"confirm-0-s{SEED + i}"
                    self._run(path, arm, "confirm", 0, SEED + i, best, score, i)
        return folder

    def _experiment(self) -> dict[str, Any]:
        n = self.planned or max(map(len, self.scores.values()))
        confirm: dict[str, Any] = {"configs_per_arm": 1, "seeds": n, "split": "test"}
        return {
            "name": "exact",
            "metric": {"name": self.metric, "direction": self.direction, "margin": self.margin},
            "arms": {arm: {"kl_anneal": {"mode": "constant"}} for arm in self.scores},
            **({"tune": {"trials_per_arm": max(map(len, self.tune.values())), "sampler": "qmc"}} if self.tune else {}),
            "confirm": confirm | ({"stop": self.stop} if self.stop else {}),
        }

    def _run(
        self,
        path: Path,
        arm: str,
        phase: str,
        number: int,
        seed: int,
        trial: int | None,
        score: float | None,
        i: int = -1,
    ) -> None:
        path.mkdir(parents=True, exist_ok=True)
        run, status = RunFolder(path), self.statuses.get((arm, i), "finished")
        identity = {"experiment": "exact", "arm": arm, "phase": phase, "number": number, "seed": seed}
        run.identity.write_text(json.dumps(identity | {"trial": trial, "params": {}}))
        run.config.write_text(yaml.safe_dump({"seed": seed, "image_size": 64, "beta": 1e-4}))
        short, split = self.metric.split("/")[1], "test" if phase == "confirm" else "val"
        final = {f"{split}/{short}": score, f"{split}/copy_last_{short}": 18.8, "train/kl": self.kl.get(arm, 3.0)}
        flags = {"diverged": (arm, i) in self.flagged, "collapsed": self.kl.get(arm, 3.0) < 0.01}
        state: dict[str, Any] = {"status": status, "attempt": 1, "seconds": 3600 * self.hours, "total_steps": 1000}
        if status == "finished":
            state |= {"final": final, "flags": flags, "step": 1000}
        run.write_state(parse_record(RunState, state))
