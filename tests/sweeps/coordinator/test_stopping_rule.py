"""A sweep that ends when it is sure, through the real coordinator: what it trains and spares, killed and raised."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

from cvae.record import RunError, RunState
from cvae.record.run_folder import RunFolder
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.look_records import read_looks
from sweeps.report.analysis import analyse
from sweeps.study.storage import open_storage
from tests.sweeps.stepping_sweep import Sweep

#: The gain of one arm over another by seed: clear, clear but small, and none that a few seeds can tell from noise.
CLEAR = [0.9, 1.1, 1.0, 0.85, 1.2, 0.95]
EQUAL = [0.12, -0.31, 0.22, -0.08, 0.35, -0.27, 0.05, -0.19, 0.28, -0.14, 0.10, -0.02]


class SureSweep(Sweep):
    """Arms without a search, scored by arm and seed."""

    def __init__(self, path: Path, gain: dict[str, list[float]], slots: int = 2, **confirm: Any) -> None:
        change = {
            "arms": {arm: {} for arm in gain},
            "search": {},
            "tune": None,
            "metric": {"margin": 0.1},
            "confirm": {"seeds": 20, "stop": "sure"} | confirm,
        }
        self.gain = gain
        super().__init__(path, slots=slots, change=change)
        start = self.coordinator.fleet.launcher.start

        def start_scored(folder: RunFolder, token: str, environment: dict[str, str]) -> Any:
            worker = start(folder, token, environment)
            of_arm = gain[folder.path.parent.name]
            worker._score = lambda params, seed, step: 20 + of_arm[(seed - 1000) % len(of_arm)]
            return worker

        self.coordinator.fleet.launcher.start = start_scored

    def trained(self) -> dict[str, int]:
        return {arm: len(list((self.root.path / arm).glob("confirm-*"))) for arm in self.gain}

    def looks(self) -> list[dict[str, Any]]:
        """The looks as the ledger has them, but for when they were taken."""
        return [{k: v for k, v in event.items() if k != "time"} for event in self.events("look")]


def words(sweep: SureSweep) -> dict[str, str]:
    return {f"{p['a']} - {p['b']}": p["word"] for p in sweep.looks()[-1]["pairs"]}


def test_a_clear_difference_ends_at_six_seeds(tmp_path: Path) -> None:
    sweep = SureSweep(tmp_path, {"a": [0.0], "b": CLEAR})
    lines = sweep.run()
    assert sweep.trained() == {"a": 6, "b": 6}
    assert words(sweep) == {"b - a": "above"}
    assert "looked after 6 seeds: b - a: better at 6 of 20 seeds" in lines
    assert sweep.looks()[-1]["pairs"][0]["difference"] == pytest.approx(1.0)
    assert "12 of 12 runs done" in sweep.seen()
    assert "looked: b - a: better at 6 of 20 seeds" in sweep.seen()
    assert "spared: 28 runs" in sweep.seen()


def test_equal_arms_end_without_a_word_once_hardly_any_chance_of_one_is_left(tmp_path: Path) -> None:
    sweep = SureSweep(tmp_path, {"a": [0.0], "b": EQUAL})
    sweep.run()
    n = sweep.looks()[-1]["blocks"]
    assert 6 < n < 20
    assert sweep.trained() == {"a": n, "b": n}
    assert [look["blocks"] for look in sweep.looks()] == list(range(6, n + 1))
    assert "b - a: less than one chance in ten of a word by 20 seeds" in sweep.seen()


def test_an_arm_trains_only_while_one_of_its_pairs_asks(tmp_path: Path) -> None:
    sweep = SureSweep(tmp_path, {"a": [0.0], "b": EQUAL, "c": [3 + gain for gain in CLEAR]})
    sweep.run()
    n = sweep.looks()[-1]["blocks"]
    assert sweep.trained() == {"a": n, "b": n, "c": 6}
    assert words(sweep)["c - a"] == words(sweep)["c - b"] == "above"


def test_the_default_trains_every_planned_seed_and_looks_at_none(tmp_path: Path) -> None:
    sweep = SureSweep(tmp_path, {"a": [0.0], "b": CLEAR}, stop="planned", seeds=8)
    sweep.run()
    assert sweep.trained() == {"a": 8, "b": 8}
    assert sweep.looks() == []


@pytest.mark.parametrize("slots", [1, 3])
def test_slots_that_a_block_fills_train_nothing_ahead_of_a_look(slots: int, tmp_path: Path) -> None:
    sweep = SureSweep(tmp_path, {"a": [0.0], "b": EQUAL, "c": [0.5 * gain for gain in EQUAL]}, slots=slots)
    last = 0
    for line in sweep.coordinator.run():
        if line.startswith("looked after"):
            last = int(line.split()[2])
        started = [run.seed - 1000 for run in [*sweep.coordinator.active, *sweep.coordinator.counts.settled]]
        assert max(started, default=0) < max(6, last + 1)
    assert last >= 6


def test_slots_that_a_block_leaves_empty_train_the_next_block(tmp_path: Path) -> None:
    sweep = SureSweep(tmp_path, {"a": [0.0], "b": CLEAR}, slots=6)  # three blocks at once
    sweep.run()
    assert sweep.trained() == {"a": 8, "b": 8}
    assert sweep.looks()[-1]["blocks"] == 6


def kill_at_look(sweep: SureSweep, n: int, *, is_written: bool) -> None:
    """Leave a coordinator at its n-th look, with or without the look in the ledger."""
    looked = (line for line in sweep.coordinator.run() if line.startswith("looked"))
    next(itertools.islice(looked, n - 1, None))
    for attempt in sweep.coordinator.active.values():
        sweep.coordinator.fleet.launcher._processes[attempt.job.token]._held.close()  # its workers die as well
    if not is_written:
        lines = sweep.root.ledger.read_text().splitlines(keepends=True)
        assert json.loads(lines[-1])["event"] == "look"
        sweep.root.ledger.write_text("".join(lines[:-1]))


@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize("at_look", [1, 2])
def test_killed_at_a_look_it_decides_the_same(at_look: int, is_written: bool, tmp_path: Path) -> None:
    gain = {"a": [0.0], "b": EQUAL, "c": [3 + gain for gain in CLEAR]}
    calm = SureSweep(tmp_path / "calm", gain)
    calm.run()
    kill_at_look(SureSweep(tmp_path / "killed", gain), at_look, is_written=is_written)
    again = SureSweep(tmp_path / "killed", gain)
    again.run()
    assert again.trained() == calm.trained()
    assert again.looks() == calm.looks()
    before = again.root.ledger.read_bytes()
    SureSweep(tmp_path / "killed", gain).run()
    assert again.root.ledger.read_bytes() == before  # started once more nothing happens


def break_down(sweep: SureSweep, arm: str, seeds: set[int]) -> None:
    """Let runs end with a non-finite loss."""
    start = sweep.coordinator.fleet.launcher.start

    def start_broken(folder: RunFolder, token: str, environment: dict[str, str]) -> Any:
        worker = start(folder, token, environment)
        identity = folder.read_identity()
        if identity.arm == arm and identity.seed - 1000 in seeds:
            worker._work = diverging(folder)
        return worker

    def diverging(folder: RunFolder) -> Iterator[None]:
        yield
        folder.write_state(RunState("diverged", attempt=1, error=RunError("diverged", "Diverged", f"{folder.path}")))

    sweep.coordinator.fleet.launcher.start = start_broken


def test_a_winner_that_breaks_down_is_watched_on(tmp_path: Path) -> None:
    sweep = SureSweep(tmp_path, {"a": [0.0], "b": CLEAR})
    break_down(sweep, "b", {2})
    sweep.run()
    last = sweep.looks()[-1]["pairs"][0]
    # five differences at six seeds; then 6 to 1 (p = 0.125), 7 to 1 (0.070), 8 to 1 (0.039)
    assert (last["n"], last["word"], last["broken"]) == (8, "above", [1, 0])
    assert sweep.trained() == {"a": 9, "b": 9}
    assert "better at 8 of 20 seeds (b broke down at 1)" in sweep.seen()


def test_seeds_raised_after_a_look_are_trained_and_judged_by_what_always_holds(tmp_path: Path) -> None:
    gain = {"a": [0.0], "b": EQUAL, "c": [3 + gain for gain in CLEAR]}
    first = SureSweep(tmp_path, gain, seeds=12)
    first.run()
    stopped = first.looks()[-1]["blocks"]
    more = SureSweep(tmp_path, gain, seeds=14)
    more.run()
    assert more.trained() == {"a": 14, "b": 14, "c": 6}  # c has its words; nothing gives a and b up
    looks = list(read_looks(Ledger(more.root.ledger).read()))
    assert [(look.blocks, look.planned) for look in looks] == [
        *((n, 12) for n in range(6, stopped + 1)),
        *((n, 14) for n in range(stopped + 1, 15)),
    ]
    assert {(pair.a, pair.b): pair.n for pair in looks[-1].pairs} == {("b", "a"): 14, ("c", "a"): 6, ("c", "b"): 6}
    before = more.root.ledger.read_bytes()
    SureSweep(tmp_path, gain, seeds=14).run()
    assert more.root.ledger.read_bytes() == before


def test_the_report_reads_the_words_that_the_sweep_ended_with(tmp_path: Path) -> None:
    gain = {"a": [0.0], "b": EQUAL, "c": [3 + gain for gain in CLEAR]}
    sweep = SureSweep(tmp_path, gain, seeds=12)
    sweep.run()
    analysis = analyse(sweep.root.path)
    assert {(pair.a, pair.b): (pair.verdict, pair.n_decided) for pair in analysis.pairs} == {
        (pair["a"], pair["b"]): ("better" if pair["word"] == "above" else pair["word"], pair["n"])
        for pair in sweep.looks()[-1]["pairs"]
    }
    assert [pair.interval for pair in analysis.pairs] == [
        pytest.approx(pair["interval"], abs=1e-9) for pair in sweep.looks()[-1]["pairs"]
    ]
    SureSweep(tmp_path, gain, seeds=14).run()
    assert "of which 12 were planned at the first look" in analyse(sweep.root.path).headline


def tuned(path: Path, **change: Any) -> Sweep:
    values = {
        "arms": {"a": {}, "b": {"kl_anneal": {"mode": "cyclical"}}},
        "tune": {"trials_per_arm": 24},
        "confirm": {"replicates": 12, "seeds": 12, "stop": "sure"},
    }
    return Sweep(path, change=values | change)


def test_a_sweep_that_is_sure_spares_the_tuning_of_blocks_that_it_does_not_need(tmp_path: Path) -> None:
    sweep = tuned(tmp_path)  # the score knows no arm: every difference is zero, and without a margin that is no word
    sweep.experiment = sweep.coordinator.experiment
    lines = sweep.run()
    looks = sweep.events("look")
    assert [look["blocks"] for look in looks] == [6]
    assert looks[0]["pairs"][0]["n"] == 6
    made = {path.parent.name for path in sweep.root.path.glob("a/*/run.json")}
    assert made == {run.name for run in all_runs(sweep.experiment) if run.arm == "a" and run.number % 12 < 6}
    assert any("looked after 6 tunings" in line for line in lines)


def chosen(sweep: Sweep) -> dict[tuple[str, int], int]:
    """(arm, tuning) -> the trial that was confirmed."""
    identities = [RunFolder(path.parent).read_identity() for path in sweep.root.path.glob("*/confirm-*/run.json")]
    return {(i.arm, i.number): i.trial for i in identities}


def trials_of(sweep: Sweep) -> dict[str, list[int]]:
    """Study -> the runs that it knows as its trials: a model, a pruner or a bad value sees no other."""
    storage, _ = open_storage(sweep.root, None)
    studies = [optuna.load_study(study_name=name, storage=storage) for name in optuna.get_all_study_names(storage)]
    return {s.study_name: [t.user_attrs.get("run", t.number) for t in s.get_trials()] for s in studies}


@pytest.mark.parametrize("sampler", ["qmc", "tpe"])
def test_each_tuning_confirms_its_own_best(sampler: str, tmp_path: Path) -> None:
    tune = {"trials_per_arm": 12, "sampler": sampler}
    sweep = tuned(tmp_path, tune=tune, confirm={"replicates": 3, "seeds": 6})
    sweep.run()
    lr = {
        (arm, k): RunFolder(sweep.root.path / arm / f"tune-{k:03d}").read_identity().params["optim.lr"]
        for arm in "ab"
        for k in range(12)
    }
    assert chosen(sweep) == {
        (arm, r): max(range(r, 12, 3), key=lambda k, arm=arm: lr[arm, k]) for arm in "ab" for r in range(3)
    }
    assert trials_of(sweep) == {f"toy/{arm}/{r}": [r, r + 3, r + 6, r + 9] for arm in "ab" for r in range(3)}
    again = tuned(tmp_path, tune=tune, confirm={"replicates": 3, "seeds": 6})
    before = again.root.ledger.read_bytes(), again.root.journal.read_bytes()
    again.run()
    assert (again.root.ledger.read_bytes(), again.root.journal.read_bytes()) == before
