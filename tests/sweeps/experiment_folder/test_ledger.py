"""The ledger: what a kill tore is passed over, and ends of runs are read by one class."""

from pathlib import Path

from sweeps.experiment_folder.ledger import EndedRun, Ledger, ended_runs


def test_a_torn_line_of_the_ledger_is_passed_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append("launched", "a/tune-000")
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"time": "2026-01-01", "eve')
    ledger.append("ended", "a/tune-000")
    assert [entry["event"] for entry in ledger.read()] == ["launched", "ended"]


def test_the_ends_of_runs_are_known_from_all_else(tmp_path: Path) -> None:
    # a run that was opened again has two; of an adopted one nobody may know how long it took
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append("started", slots={"cpu": 1})
    ledger.append("ended", "a/tune-000", status="failed", wall_s=3.5)
    ledger.append("died", "a/tune-001", wall_s=9.0)
    ledger.append("ended", "a/tune-000", status="finished", wall_s=None)
    expected = [EndedRun("a/tune-000", "failed", 3.5), EndedRun("a/tune-000", "finished", None)]
    assert list(ended_runs(ledger.read())) == expected
