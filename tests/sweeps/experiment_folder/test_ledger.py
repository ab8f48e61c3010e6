"""The ledger: what a kill tore is passed over, and ends of runs are read by one class."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae.errors import InputError
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


facts = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(st.characters(), max_size=8)
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.text(st.characters(), min_size=1, max_size=8), facts), max_size=4))
def test_whatever_an_event_says_is_read_back_the_same(events: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.jsonl")
        for run, said in events:
            ledger.append("ended", run, said=said)
        read = [(entry["run"], entry["said"]) for entry in ledger.read()]
        assert repr(read) == repr(events)  # 1, 1.0 and true are three things


def test_a_ledger_that_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert (list(ledger.read()), ledger.fault(), ledger.damage()) == ([], None, None)
    (tmp_path / "ledger.jsonl").mkdir()
    said = f"{tmp_path / 'ledger.jsonl'}: cannot be "
    assert (list(ledger.read()), ledger.damage()) == ([], f"{said}read (Is a directory)")
    with pytest.raises(InputError, match="cannot be written"):
        ledger.append("started")


@pytest.mark.parametrize("line", [b"\0" * 300, b"[" * 5000, b"garbage"])
def test_a_last_line_that_no_event_begins_with_is_damage(tmp_path: Path, line: bytes) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append("started")
    whole = (tmp_path / "ledger.jsonl").read_bytes()
    for n in range(1, len(whole)):  # a kill at any byte of the first event, and of the second
        for before in (b"", whole):
            (tmp_path / "ledger.jsonl").write_bytes(before + whole[:n])
            assert ledger.damage() is None
    for before in (b"", whole):
        (tmp_path / "ledger.jsonl").write_bytes(before + line)
        assert str(ledger.damage()).endswith("(a line is not readable)")
