"""The parts of the engine by themselves: slots, disks, durations, forecasts, budgets, storages, statuses."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cvae.config.network_sizes import training_flops
from cvae.config.schema import build_config
from cvae.errors import Diverged, InputError
from cvae.files import held
from cvae.record import RunError
from cvae.record.run_folder import RunFolder
from cvae.run.failure_kinds import failure_kind
from sweeps.commands.control import stop_sweep
from sweeps.coordinator.failure_policy import FRUITLESS_ATTEMPTS, Breaker, Tries, backoff_s, decide_action, signature
from sweeps.coordinator.run_queue import RunQueue
from sweeps.estimate.costs import Costs, forecast, span
from sweeps.estimate.probe import _cost
from sweeps.estimate.trim import describe_cut, trim
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.consistency import check_origin
from sweeps.experiment_folder.disk import is_disk_full, network_type
from sweeps.experiment_folder.layout import lay_out, pin_to_machine
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.study.storage import open_storage
from sweeps.units import flops, format_bytes, format_duration, format_times, parse_duration
from sweeps.workers.slots import Slots, find_slots
from tests.sweeps.coordinator.test_failure_policy import TOY, Sweep


def test_slots_are_shared_evenly_and_given_back() -> None:
    slots = Slots({"0": 2, "1": 2})
    taken = [slots.take() for _ in range(5)]
    assert sorted(t for t in taken if t) == ["0", "0", "1", "1"]
    assert taken[:2] == ["0", "1"]
    assert taken[4] is None
    slots.give("1")
    assert slots.halve("0") == 1
    assert slots.take() == "1"  # device 0 holds two, and may hold one now
    assert slots.hold("7") == "0"  # a device of an earlier machine


@pytest.mark.parametrize(
    ("asked", "per_gpu", "visible", "expected"),
    [
        (None, 1, "0,1", {"0": 1, "1": 1}),
        (None, 2, "0,1", {"0": 2, "1": 2}),
        (3, 1, "0,1", {"0": 2, "1": 1}),
        (1, 1, "GPU-a,GPU-b", {"GPU-a": 1}),
        (2, 1, "", {"cpu": 2}),
    ],
)
def test_slots_of_a_machine(
    asked: int | None, per_gpu: int, visible: str, expected: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    slots = find_slots(asked, per_gpu, "auto", 1)
    assert slots.caps == expected
    assert find_slots(2, 1, "cpu", 1).caps == {"cpu": 2}
    pinned = slots.environment(next(iter(expected)), 3)
    assert pinned["OMP_NUM_THREADS"] == "3"
    assert pinned.get("CUDA_VISIBLE_DEVICES", "cpu") == next(iter(expected))


def test_the_policy_table() -> None:
    assert [decide_action("interruption", n, 1) for n in (1, FRUITLESS_ATTEMPTS - 1, FRUITLESS_ATTEMPTS)] == [
        "retry",
        "retry",
        "failed",
    ]
    assert [decide_action("memory", 1, n) for n in (4, 2, 1)] == ["halve", "halve", "infeasible"]
    assert [backoff_s(n) for n in (1, 2, 3, 4, 20)] == [0, 1, 2, 4, 60]
    tries = Tries()
    assert [tries.add(step) for step in (0, 0, 3, 3, 3)] == [1, 2, 1, 2, 3]  # a new checkpoint starts the count again


def test_the_same_error_is_the_same_whatever_its_numbers() -> None:
    a = RunError("error", "RuntimeError", "shape (3, 7) in /runs/a/tune-001/x")
    b = RunError("error", "RuntimeError", "shape (4, 9) in /runs/b/tune-002/x")
    assert signature(a) == signature(b)
    breaker = Breaker()
    assert [breaker.note("failed", e, d) for e, d in ((a, "0"), (b, "1"))] == [None, None]
    assert breaker.note("finished", None, "0") is None
    assert "the same error in 3 runs" in str(breaker.note("failed", a, "2"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Diverged("loss nan"), "diverged"),
        (MemoryError(), "memory"),
        (RuntimeError("CUDA error: out of memory"), "memory"),
        (OSError(28, "No space left on device"), "io"),
        (FileNotFoundError(2, "no such file"), "error"),
        (InputError("no such key"), "input"),
        (ZeroDivisionError(), "error"),
        (KeyboardInterrupt(), "interruption"),
    ],
)
def test_classes_of_errors(error: BaseException, kind: str) -> None:
    assert failure_kind(error) == kind


def test_an_error_is_known_through_what_it_was_wrapped_in(tmp_path: Path) -> None:
    wrapped = InputError("state.json: cannot be written")
    wrapped.__cause__ = OSError(28, "No space left on device")
    assert failure_kind(wrapped) == "io"
    assert is_disk_full(wrapped)
    assert not is_disk_full(OSError(5, "Input/output error"))


def test_a_network_file_system_is_known_by_the_innermost_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    assert network_type(tmp_path / "runs", mounts) == "nfs4"
    mounts.write_text(mounts.read_text() + f"/dev/b {tmp_path}/runs ext4 rw 0 0\n")
    assert network_type(tmp_path / "runs" / "x", mounts) is None
    assert network_type(Path("/elsewhere"), mounts) is None


def test_a_journal_on_a_network_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.study.storage.network_type", lambda path: "nfs4")
    with pytest.raises(InputError, match=r"network file system \(nfs4\).*--storage"):
        open_storage(ExperimentFolder(tmp_path), None)
    open_storage(ExperimentFolder(tmp_path), f"sqlite:///{tmp_path}/study.db")


def test_the_storage_of_the_launch_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    Sweep(tmp_path, storage=url).run()
    assert not (tmp_path / "toy" / "study.journal").exists()
    again = Sweep(tmp_path)  # without saying so again
    again.run()
    assert len(again.coordinator.counts.settled) == 6
    with pytest.raises(InputError, match="was launched with --storage sqlite"):
        Sweep(tmp_path, storage=f"sqlite:///{tmp_path}/other.db")
    Sweep(tmp_path / "journal").run()
    with pytest.raises(InputError, match="was launched with its journal"):
        Sweep(tmp_path / "journal", storage=url)
    for wrong in ("study.db", "nosuch://x/y"):
        with pytest.raises(InputError, match="--storage"):
            open_storage(ExperimentFolder(tmp_path / "fresh"), wrong)


def test_a_password_is_not_written_down(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path)
    root.storage.write_text("postgresql+psycopg://me@127.0.0.1:1/x\n")
    with pytest.raises(InputError) as caught:  # nobody listens there
        open_storage(root, "postgresql+psycopg://me:secret@127.0.0.1:1/x")
    assert "cannot be opened" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("45m", 2700), ("8h", 28800), ("1d12h", 129600), ("1.5h", 5400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "8x", "h", "-3h", "0", "inf", "nan"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_duration(text)


def test_words() -> None:
    assert (format_duration(45), format_duration(200), format_duration(7500)) == ("45 s", "3 min 20 s", "2 h 5 min")
    assert (format_bytes(67e6), format_bytes(3.41e9)) == ("67 MB", "3.4 GB")
    assert [flops(n) for n in (2.12e10, 5.5e11, 3.1e17)] == ["21.2 GFLOP", "0.55 TFLOP", "0.31 EFLOP"]
    assert [format_times(n) for n in (1, 2, 3)] == ["once", "twice", "3 times"]


def test_the_forecast_covers_what_comes() -> None:
    # 12 runs seen, 30 to come, of one distribution: the interval holds the truth about 19 times in 20
    generator, hits = random.Random(0), 0
    for _ in range(400):
        seen = [generator.gauss(100, 20) for _ in range(12)]
        left = forecast(seen, 30, 1)
        assert left is not None
        hits += left.low_s <= sum(generator.gauss(100, 20) for _ in range(30)) <= left.high_s
    assert 0.90 < hits / 400 < 0.99
    assert forecast([], 3, 1) is None
    two = forecast([100.0, 100.0], 30, 2)
    assert two is not None
    assert two.middle_s == pytest.approx(1500)


def test_a_run_costs_its_arithmetic_at_the_rate_of_a_short_training(tmp_path: Path) -> None:
    # four updates in 2 s, an evaluation in 0.5 s, and 3 s of starting up; the first updates took half as long again
    config = build_config({"train": {"steps": 1000, "batch_size": 8}, "evaluation": {"every": 100}}, "t")
    folder, seconds = RunFolder(tmp_path), 0.0
    for segment_s in (3.0, 2.0, 2.0, 2.0, 2.0):
        seconds += segment_s + 0.5
        rates = {"train/clips_per_second": 4 * 8 / segment_s, "train/flops_per_second": 1e12 / segment_s}
        folder.append_epoch({"seconds": seconds} | rates)
    cost = _cost(folder, config, 16.5)
    assert cost is not None
    assert (cost.overhead_s, cost.flops_per_second, cost.evaluation_s) == pytest.approx((4.0, 5e11, 0.5))
    assert cost.seconds(config) == pytest.approx(4.0 + training_flops(config) / 5e11 + 10 * 0.5)
    assert span([2e12, 3e12]) == "2 TFLOP to 3 TFLOP"
    assert span([2e12, 2e12]) == "2 TFLOP"


def test_a_run_in_several_attempts_took_what_its_training_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = RunFolder.read_state
    said = {"tune-001": {"seconds": 1234.5}}
    monkeypatch.setattr(RunFolder, "read_state", lambda folder: replace(read(folder), **said.get(folder.path.name, {})))
    sweep = Sweep(tmp_path)
    sweep.run()
    took = {event["run"]: event["wall_s"] for event in sweep.events("ended")}
    assert took["a/tune-001"] == 1234.5
    assert 0 < took["a/tune-000"] < 100


def test_weight_files_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pinned = pin_to_machine(build_config({"evaluation": {"lpips": "weights/alex.pth"}, "store": "cache"}, "t"), 1)
    assert (pinned.evaluation.lpips, pinned.evaluation.fvd) == (str(tmp_path / "weights/alex.pth"), None)
    assert pinned.store == str(tmp_path / "cache")


def experiment(**changes: Any) -> Any:
    return build_experiment(
        TOY | {"arms": {"a": {}, "b": {}}, "tune": {"trials_per_arm": 20}, "confirm": {"seeds": 10}} | changes, "t"
    )


def costs(seconds: float) -> Costs:
    return Costs({(arm, phase): seconds for arm in "ab" for phase in ("tune", "confirm")}, {}, "given")


def test_a_budget_cuts_every_arm_alike_and_says_so(tmp_path: Path) -> None:
    # 60 runs of 60 s at 2 slots: half an hour; 15 minutes hold 30 of them
    root, whole = ExperimentFolder(tmp_path / "toy"), experiment()
    assert costs(60).describe(all_runs(whole), 2) == (
        "estimate for 60 runs: 1 device hours (0.017 a run), about 30 min 0 s at 2 slots (given)"
    )
    cut = trim(whole, root, costs(60), 2, 15 * 60)
    assert (cut.tune.trials_per_arm, cut.confirm.seeds) == (10, 5)
    assert {sum(run.arm == arm for run in all_runs(cut)) for arm in "ab"} == {15}
    assert (
        describe_cut(whole, cut) == "cut in every arm to fit the budget: trials an arm 20 -> 10, seeds an arm 10 -> 5"
    )
    assert trim(whole, root, costs(60), 2, 3600) == whole
    assert describe_cut(whole, whole) == "nothing had to be cut for the budget"
    with pytest.raises(InputError, match="too small: 2 seeds an arm and 1 trials take about 3 min"):
        trim(whole, root, costs(60), 2, 100)


def test_a_budget_cuts_no_run_that_exists(tmp_path: Path) -> None:
    root, whole = ExperimentFolder(tmp_path / "toy"), experiment()
    for run in all_runs(whole)[:30]:  # 15 trials an arm
        root.run(run).path.mkdir(parents=True)
    assert trim(whole, root, costs(60), 2, 35 * 60).tune.trials_per_arm >= 15
    with pytest.raises(InputError, match="15 trials"):
        trim(whole, root, costs(60), 2, 60)


def test_runs_wait_for_their_arm_and_their_turn() -> None:
    plan = all_runs(experiment(tune={"trials_per_arm": 2}, confirm={"seeds": 1}))
    queue = RunQueue(plan)
    for run in reversed(plan):
        queue.add(run)
    first = [queue.next(0.0) for _ in range(5)]
    assert first == [*plan[:4], None]  # confirm runs wait
    for run in (plan[0], plan[2]):
        queue.tuned(run)
    assert queue.next(0.0) == plan[4]  # arm a is tuned, arm b is not
    queue.add(plan[0], due=10.0)
    assert queue.next(9.0) is None
    assert queue.next(10.0) == plan[0]


def test_a_torn_line_of_the_ledger_is_passed_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append("launched", "a/tune-000")
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"time": "2026-01-01", "eve')
    ledger.append("ended", "a/tune-000")
    assert [entry["event"] for entry in ledger.read()] == ["launched", "ended"]


def test_changed_data_is_refused_and_changed_code_is_said(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path)
    origin = {"data": ["aa"], "git_commit": "1", "git_changes": None, "versions": {"torch": "2"}}
    assert check_origin(origin, root) == []
    Ledger(root.ledger).append("started", **origin)
    assert check_origin(origin, root) == []
    lines = check_origin(origin | {"git_commit": "2", "versions": {"torch": "3"}}, root)
    assert ["code has changed" in lines[0], "torch" in lines[1]] == [True, True]
    with pytest.raises(InputError, match="the data has changed since its runs began"):
        check_origin(origin | {"data": ["bb"]}, root)


def test_a_folder_of_before_a_key_existed_is_the_same_experiment(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path / "toy")
    lay_out(build_experiment(TOY, "t"), root)
    text = root.experiment.read_text()
    kept = [line for line in text.splitlines() if not any(key in line for key in ("pruner", "checkpoints", "_options"))]
    root.experiment.write_text("\n".join(kept) + "\n")
    lay_out(build_experiment(TOY, "t"), root)
    with pytest.raises(InputError, match=r"tune.pruner = 'none', not 'median'; seed = 0, not 3|seed = 0, not 3; .*"):
        lay_out(build_experiment(TOY | {"seed": 3, "tune": TOY["tune"] | {"pruner": "median"}}, "t"), root)


def test_a_stop_is_asked_of_whoever_works(tmp_path: Path) -> None:
    toy, root = build_experiment(TOY, "t"), ExperimentFolder(tmp_path / "toy")
    with pytest.raises(InputError, match="nothing was launched"):
        stop_sweep(toy, root)
    lay_out(toy, root)
    assert "asked 0 workers" in stop_sweep(toy, root)
    root.coordinator.write_text(json.dumps({"pid": 12, "host": "here"}))
    with held(root.lock):
        assert "asked process 12 on here to stop" in stop_sweep(toy, root)
    assert root.stop.exists()


def test_the_status_tells_the_best_trial_and_the_time_left(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    for _ in sweep.coordinator.run():
        if len(sweep.coordinator.counts.settled) == 5:
            break
    text = sweep.seen()
    best = max((v, k) for k, (_, v) in enumerate(sweep.told()) if v is not None)
    assert "5 of 6 runs done" in text
    assert f"{best[0]:.2f}  tune-{best[1]:03d}" in text
    assert "nobody works on it" in text
