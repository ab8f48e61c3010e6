"""Every verdict that can be read is, old ones too; the others are named and skipped."""

import json
from pathlib import Path
from typing import Any

import pytest

from cvae.errors import InputError
from cvae.record import RunFolder, RunState
from sweeps.report import analyse
from sweeps.report.all_verdicts.verdict_files import read_verdicts
from sweeps.report.output import SCHEMA
from sweeps.report.output.verdict_json import verdict_json
from tests.sweeps.report.planted import Planted


def verdict(**changes: Any) -> dict[str, Any]:
    pair = {"a": "b", "b": "a", "verdict": "better", "n": 6, "difference": 0.3}
    metric = {"name": "val/psnr", "read_as": "test/psnr", "direction": "maximize"}
    values = {
        "schema": 2,
        "experiment": "x",
        "headline": "b is better.",
        "void": False,
        "metric": metric,
        "pairs": [pair],
    }
    return values | {"data": {"split": "test", "fingerprints": ["f1"]}} | changes


def plant(runs: Path, name: str, values: Any, since: str = "") -> Path:
    """Write a verdict where a report has it, and the ledger of its sweep."""
    path = runs / name / "report" / "verdict.json"
    path.parent.mkdir(parents=True)
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    if since:
        (runs / name / "ledger.jsonl").write_text(json.dumps({"time": since, "event": "started"}) + "\n")
    return path


def test_what_the_report_writes_is_read(tmp_path: Path) -> None:
    analysis = analyse(Planted({"constant": 0.0, "cyclical": 0.4}, n_evals=1).write(tmp_path))
    plant(tmp_path / "runs", "kept", verdict_json(analysis))
    [study] = read_verdicts(tmp_path / "runs").studies
    assert (study.data.split, study.data.fingerprints) == ("test", ("9b1de2",))
    assert study.headline == analysis.headline
    assert [(pair.winner, pair.n) for pair in study.pairs] == [("cyclical", 6)]


def test_studies_stand_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    for name, since in (("b", "2026-03-01T00:00:00"), ("a", "2026-05-01T00:00:00"), ("c", "2026-01-01T00:00:00")):
        plant(tmp_path, name, verdict(experiment=name, pairs=[]), since)
    assert [study.experiment for study in read_verdicts(tmp_path).studies] == ["c", "b", "a"]


def test_an_older_verdict_asks_the_runs_beside_it_for_their_data(tmp_path: Path) -> None:
    values = verdict(schema=1)
    del values["data"]
    plant(tmp_path, "old", values)
    for seed, fingerprint in ((1, "f7"), (2, "f7"), (3, None)):
        run = RunFolder(tmp_path / "old" / "a" / f"confirm-0-s{seed}")
        run.path.mkdir(parents=True)
        run.write_state(RunState("finished", data_fingerprint=fingerprint))
    damaged = tmp_path / "old" / "a" / "confirm-0-s4"
    damaged.mkdir()
    (damaged / "state.json").write_text("{")
    [study] = read_verdicts(tmp_path).studies
    assert (study.data.split, study.data.fingerprints) == ("test", ("f7",))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "holds a list, not a verdict"),
        (json.dumps({"schema": 2}), "experiment"),
        (json.dumps(verdict(pairs=[{"a": "x"}])), "pairs.0.b"),
        (json.dumps(verdict(schema=SCHEMA + 1)), f"has schema {SCHEMA + 1}; this version reads those up to {SCHEMA}"),
        (
            json.dumps(verdict(pairs=[{"a": "x", "b": "y", "verdict": "great"}])),
            "has the verdict 'great'; known: better",
        ),
    ],
)
def test_what_cannot_be_read_is_named_and_skipped(written: str, said: str, tmp_path: Path) -> None:
    path = plant(tmp_path, "bad", written)
    with pytest.raises(InputError, match="no other verdict") as refused:
        read_verdicts(tmp_path)
    assert str(path) in str(refused.value)
    plant(tmp_path, "good", verdict())
    found = read_verdicts(tmp_path)
    assert [study.report.parent.name for study in found.studies] == ["good"]
    [unread] = found.unread
    assert unread.path == path
    assert said in unread.reason
    assert "\n" not in unread.reason


def test_two_reports_on_the_same_results_are_one_study(tmp_path: Path) -> None:
    plant(tmp_path, "first", verdict(), "2026-01-01T00:00:00")
    plant(tmp_path, "imported", verdict(), "2026-02-01T00:00:00")
    pair = {"a": "b", "b": "a", "verdict": "better", "n": 6, "difference": 0.3000001}
    plant(tmp_path, "again", verdict(pairs=[pair]), "2026-03-01T00:00:00")
    found = read_verdicts(tmp_path)
    assert [study.report.parent.name for study in found.studies] == ["first", "again"]
    assert [(a.report.parent.name, b.report.parent.name) for a, b in found.copies] == [("imported", "first")]


def test_a_folder_without_verdicts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder; give the one that holds experiments' folders"):
        read_verdicts(tmp_path / "none")
    with pytest.raises(InputError, match="holds no "):
        read_verdicts(tmp_path)
