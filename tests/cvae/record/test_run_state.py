"""A run's two small records: whatever is written is read back, and what is of another shape is named."""

import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae.record import RunError, RunFolder, RunIdentity, RunState, parse_record
from cvae.record.names import FINAL_STATUSES, OPEN_STATUSES

STATES = st.builds(
    RunState,
    status=st.sampled_from([*OPEN_STATUSES, *FINAL_STATUSES]),
    attempt=st.integers(0, 9),
    step=st.integers(0, 10**9),
    seconds=st.none() | st.floats(0, 1e9),
    error=st.none() | st.builds(RunError, st.text(), st.text(), st.text()),
    flags=st.none() | st.dictionaries(st.sampled_from(["diverged", "collapsed"]), st.booleans()),
    final=st.none() | st.dictionaries(st.text(), st.floats(allow_nan=False) | st.lists(st.integers())),
    mended=st.lists(st.text()).map(tuple),
)


#: Names that a reader may take for something else, and any other.
NAMES = st.sampled_from(["1e-4", "25921e05", "null", "010", "1:30", "on", "", "\ud800"]) | st.text(
    st.characters(), max_size=12
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES
IDENTITIES = st.builds(
    RunIdentity,
    experiment=NAMES,
    arm=NAMES,
    phase=st.sampled_from(["tune", "confirm"]),
    number=st.integers(0, 99),
    seed=st.integers(0, 2**40),
    trial=st.none() | st.integers(0, 99),
    params=st.dictionaries(NAMES, VALUES, max_size=4),
)


@given(IDENTITIES, STATES)
def test_both_records_are_read_back_from_their_files(identity: RunIdentity, state: RunState) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(Path(place))
        folder.write_identity(identity)
        folder.write_state(state)
        assert repr(folder.read_identity()) == repr(identity)  # 1, 1.0 and true are three things
        assert repr(folder.read_state()) == repr(state)


@given(STATES)
def test_a_state_is_read_back_as_it_was_written(state: RunState) -> None:
    assert parse_record(RunState, asdict(state)) == state


def test_statuses_are_open_or_final() -> None:
    for status in (*OPEN_STATUSES, *FINAL_STATUSES):
        assert parse_record(RunState, {"status": status}).is_final == (status in FINAL_STATUSES)


def test_what_a_younger_version_added_is_left_out_and_what_an_older_lacked_has_a_default() -> None:
    state = parse_record(RunState, {"status": "running", "of_the_future": 1})
    assert state == RunState("running")
    assert parse_record(RunState, {}) == RunState()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"status": "asleep"}, "status"),
        ({"attempt": "twice"}, "attempt"),
        ({"error": {"kind": []}}, "error.kind"),
        ({"final": [1]}, "final"),
        ([1, 2], "RunState"),
        (None, "RunState"),
    ],
)
def test_another_shape_is_refused_by_its_key(values: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse_record(RunState, values)


def test_an_identity_is_written_without_what_only_imported_runs_have() -> None:
    # The bytes of run.json are those of earlier versions.
    identity = RunIdentity("e", "a", "tune", 3, 7, 3, {"optim.lr": 1e-3})
    assert list(identity.written()) == ["experiment", "arm", "phase", "number", "seed", "trial", "params"]
    assert parse_record(RunIdentity, identity.written()) == identity
    imported = RunIdentity("e", "a", "tune", 3, 7, wandb_id="x")
    assert imported.written()["wandb_id"] == "x"
    assert {field.name for field in fields(RunIdentity)} == set(imported.written())
