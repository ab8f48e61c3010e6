"""Writes experiment folders whose answer is known, as run_sweep.py would have left them."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from cvae.data import CollapseThreshold
from cvae.record import RunState, parse_record
from cvae.record.run_folder import RunFolder
from sweeps.experiment import ArmWeights
from sweeps.experiment_folder import DataRecord, ExperimentFolder, write_data_record

VERSIONS = {"python": "3.11.4", "torch": "2.9.0", "numpy": "2.4.0"}
SEARCH = {
    "optim.lr": {"float": [1.0e-4, 5.0e-3], "log": True},
    "beta": {"float": [1.0e-7, 1.0e-2], "log": True},
    "teacher_forcing.decay_start": {"float": [0.0, 0.5]},
}


@dataclass
class Planted:
    """An experiment: arm -> its true advantage in the metric's unit."""

    arms: Mapping[str, float]
    n_seeds: int = 6
    n_configs: int = 1
    n_tunings: int = 1
    n_trials: int = 3
    n_evals: int = 5
    seed_sd: float = 0.3  # shared by the arms at a seed
    noise_sd: float = 0.05  # of its own
    kl: float = 4.0
    margin: float | None = 0.1
    metric: str = "val/psnr"
    direction: str = "maximize"
    level: float = 21.0
    statuses: Mapping[tuple[str, int], str] = field(default_factory=dict)  # (arm, seed index) -> status
    absent: frozenset[tuple[str, int]] = frozenset()
    falls: Mapping[tuple[str, int], float] = field(default_factory=dict)  # (arm, seed index) -> what its score loses
    luck: Mapping[str, float] = field(default_factory=dict)  # arm -> what its chosen trial scored above its truth
    sampler: str = "qmc"
    measured: bool = False  # whether confirm runs kept diagnostics and scores for every clip
    also: tuple[Any, ...] = ()  # secondary metrics, as an experiment file names them
    beside: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # short name -> arm -> its true value
    kl_of: Mapping[str, float] = field(default_factory=dict)  # arm -> its KL, where not `kl`
    name: str = "kl-annealing"
    question: str = "Does the KL annealing schedule change prediction quality?"
    random_seed: int = 0

    def write(self, root: Path) -> Path:
        """Write the folder and return it."""
        folder = root / "planted"
        folder.mkdir(parents=True)
        (folder / "experiment.yaml").write_text(yaml.safe_dump(self._experiment(), sort_keys=False, allow_unicode=True))
        rng = np.random.default_rng(self.random_seed)
        shared = rng.normal(0, self.seed_sd, self.n_seeds)
        for index, (arm, advantage) in enumerate(self.arms.items()):
            arm_folder = folder / f"arm{index}" if "/" in arm else folder / arm
            for trial in range(self.n_trials):
                score = self.level + advantage + rng.normal(0, 0.6)
                score += self.luck.get(arm, 0.0) * (trial == 0)
                self._run(arm_folder / f"tune-{trial:03d}", arm, "tune", trial, trial, score, rng)
            for i, common in enumerate(shared):
                for number in range(self.n_configs):
                    score = self.level + advantage + common + rng.normal(0, self.noise_sd)
                    score -= self.falls.get((arm, i), 0.0)
                    if (arm, i) not in self.absent:
                        rank = i % self.n_tunings if self.n_tunings > 1 else number
                        path = arm_folder / f"confirm-{rank}-s{1000 + i}"
                        self._run(path, arm, "confirm", rank, 1000 + i, score, rng, self.statuses.get((arm, i)))
        return folder

    def _experiment(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "question": self.question,
            "metric": {"name": self.metric, "direction": self.direction, "margin": self.margin},
            **({"also": list(self.also)} if self.also else {}),
            "seed": 0,
            "base": {"train": {"steps": 1000}},
            "arms": {arm: {"kl_anneal": {"mode": "constant"}, "search": {}} for arm in self.arms},
            "search": SEARCH,
            "tune": {"trials_per_arm": self.n_trials, "sampler": self.sampler},
            "confirm": {"configs_per_arm": self.n_configs, "seeds": self.n_seeds, "split": "test"}
            | ({"replicates": self.n_tunings} if self.n_tunings > 1 else {}),
        }

    def _run(
        self,
        path: Path,
        arm: str,
        phase: str,
        number: int,
        seed: int,
        score: float,
        rng: np.random.Generator,
        status: str | None = None,
    ) -> None:
        path.mkdir(parents=True)
        run, status = RunFolder(path), status or "finished"
        position = number / max(1, self.n_trials - 1)
        params = {"optim.lr": 1e-4 * 30**position, "beta": 1e-6 * 100**position, "teacher_forcing.decay_start": 0.25}
        identity = {"experiment": self.name, "arm": arm, "phase": phase, "number": number, "seed": seed}
        identity |= {"trial": number if phase == "confirm" else None, "params": params}
        run.identity.write_text(json.dumps(identity))
        run.config.write_text(yaml.safe_dump({"seed": seed, "image_size": 64, "beta": params["beta"]}))
        share = 1.0 if status == "finished" else 0.6
        prefix, short = ("test" if phase == "confirm" else "val"), self.metric.split("/")[1]
        lines = self._epochs(arm, score, share, short, rng)
        run.epochs.write_text("".join(json.dumps(line) + "\n" for line in lines))
        final = self._final(prefix, short, score) if status == "finished" else None
        if final is not None and phase == "confirm":
            final |= {f"{prefix}/{name}": self._beside(arms[arm], seed) for name, arms in self.beside.items()}
            final |= {"train/kl": self.kl_of[arm]} if arm in self.kl_of else {}
        run.write_state(parse_record(RunState, self._state(status, final, share)))
        if final is not None and phase == "confirm" and self.measured:
            self._measure(run, score, rng)
        if final is not None and phase == "confirm" and seed < 1002:
            paint(run.samples, list(self.arms).index(arm))

    def _beside(self, truth: float, seed: int) -> float:
        """A value of its own noise, from a generator of its own: the score's stays as it is."""
        noise = np.random.default_rng([seed, *f"{truth!r}".encode()]).normal(0, self.noise_sd)
        return truth + float(noise)

    def _measure(self, run: RunFolder, score: float, rng: np.random.Generator, n_clips: int = 24) -> None:
        fall = 3.0 - 6.0 * np.arange(10) / 9
        hardness = np.random.default_rng(5).normal(0, 1.5, (n_clips, 1))
        psnr = score + fall + hardness - hardness.mean() + rng.normal(0, 0.2, (n_clips, 10))
        np.savez(run.clips, name=np.array([f"clip{i}@0" for i in range(n_clips)]), psnr=psnr)
        kl = self.kl * np.exp(-np.arange(8.0))[rng.permutation(8)] * np.linspace(1.5, 0.5, 11)[:, None]
        frames = {"prior": score + fall, "posterior": score + 1 + fall / 2, "zero": score - 0.5 + fall}
        frames |= {"best_of_n": score + 0.6 + fall, "flat_colour": np.full(10, 14.9)}
        value = {"split": "test", "n_clips": n_clips, "n_samples": 10, "kl_per_step_and_dimension": kl.tolist()}
        value |= {"kl": float(kl.sum()), "active_units": 3, "mutual_information": 2.1, "mutual_information_bound": 3.2}
        value |= {"rate": float(kl.sum()), "distortion": 0.01, "diversity": {"psnr_between_samples": 31.2}}
        value |= {"psnr_per_frame": {name: values.tolist() for name, values in frames.items()}}
        value |= {"conditions": {"shuffled_actions_psnr": score - 2.0}}
        (run.path / "diagnostics.json").write_text(json.dumps(value))

    def _state(self, status: str, final: dict[str, Any] | None, share: float) -> dict[str, Any]:
        error = {"type": "Diverged", "message": "loss is not finite at step 612"} if status == "diverged" else None
        return {
            "status": status,
            "attempt": 1,
            "seconds": 812.4 * share,
            "error": error,
            "device": "cpu",
            "precision": "fp32",
            "threads": 2,
            "n_parameters": 22_241_283,
            "versions": VERSIONS,
            "git_commit": "4f0c2ab",
            "git_dirty": False,
            "data_fingerprint": "9b1de2",
            "step": int(1000 * share),
            "total_steps": 1000,
            "final": final,
            **({"flags": self._flags(final)} if final else {}),
        }

    def _flags(self, final: Mapping[str, Any]) -> dict[str, bool]:
        score = next(value for key, value in final.items() if key.endswith(self.metric.split("/")[1]))
        is_low = self.metric == "val/psnr" and score < 15.9  # a decibel above the best flat colour
        return {"diverged": bool(is_low), "collapsed": final["train/kl"] < 0.01}

    def _final(self, prefix: str, short: str, score: float) -> dict[str, Any]:
        fall = 3.0 - 6.0 * np.arange(10) / 9
        return {
            f"{prefix}/{short}": score,
            f"{prefix}/copy_last_{short}": self.level - 2.2,
            f"{prefix}/{short}_per_frame": (score + fall).tolist(),
            f"{prefix}/copy_last_{short}_per_frame": (self.level - 2.2 + 1.4 * fall).tolist(),
            "n_clips": 256,
            "train/kl": self.kl,
        }

    def _epochs(
        self, arm: str, score: float, share: float, short: str, rng: np.random.Generator
    ) -> list[dict[str, Any]]:
        rows = []
        for k in range(1, int(self.n_evals * share) + 1):
            u = k / self.n_evals
            weight = anneal(list(self.arms).index(arm), u)
            rows.append(
                {
                    "step": round(1000 * u),
                    "epoch": k,
                    "seconds": 10.0 * k,
                    "train/mse": 0.02 * math.exp(-3 * u),
                    "train/kl": self.kl * (1 + 30 * math.exp(-6 * u) * (1.4 - weight)) * float(rng.lognormal(0, 0.1)),
                    "train/beta": 1e-4 * weight,
                    "train/lr": 1e-3,
                    "train/tfr": min(1.0, max(0.0, 1.5 - 1.4 * u)),
                    f"val/{short}": score - 6 * math.exp(-9 * u) + float(rng.normal(0, 0.1)),
                    f"val/copy_last_{short}": self.level - 2.3,
                }
            )
        return rows


def anneal(index: int, u: float) -> float:
    """Return the KL weight of the arm at a position: constant, monotonic, cyclical, and again."""
    if index % 3 == 0:
        return 1.0
    return min(1.0, u / 0.5) if index % 3 == 1 else min(1.0, (u * 4 % 1) / 0.5)


def paint(folder: Path, index: int) -> None:
    """Write a small strip and its animation: a moving square, truth over prediction."""
    folder.mkdir()
    size, frames = 32, []
    for t in range(12):
        frame = np.full((2 * size, size, 3), 210, np.uint8)
        frame[8:16, 2 * t : 2 * t + 8] = (40, 60, 90)
        frame[size + 8 : size + 16, 2 * t : 2 * t + 8 - index % 3] = (90 + 15 * index, 60, 40)
        frames.append(Image.fromarray(frame))
    strip = Image.new("RGB", (12 * size, 2 * size))
    for t, image in enumerate(frames):
        strip.paste(image, (t * size, 0))
    strip.save(folder / "final.png")
    frames[0].save(folder / "final.gif", save_all=True, append_images=frames[1:], duration=120, loop=0)


def plant_thresholds(folder: Path, beta_c: Mapping[str, float]) -> None:
    """Write arm -> beta_c as a launch leaves it in `data.json`."""
    weights = {
        arm: ArmWeights(1e-6, 1e-4, 64, CollapseThreshold(bound, bound * 6144, 64, 200, 7))
        for arm, bound in beta_c.items()
    }
    write_data_record(DataRecord(weights), ExperimentFolder(folder))
