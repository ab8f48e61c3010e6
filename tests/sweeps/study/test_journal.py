"""A journal of studies: what cannot be read is put aside, and what it told comes back from the run folders."""

import json
from pathlib import Path

import optuna
import pytest

from sweeps.study.journal import CHECKSUM, open_whole_journal, readable_bytes, repair_journal


@pytest.mark.parametrize("line", [b'{"op_code": 4}\n', b'{"op_code": 77, "worker_id": "w"}\n', b'{"other": "shape"}\n'])
def test_what_optuna_cannot_replay_is_put_aside_whole(line: bytes, tmp_path: Path) -> None:
    # of before there were checksums: it is JSON, and makes no sense
    path = tmp_path / "study.journal"
    path.write_bytes(line)
    storage, kept = open_whole_journal(path)
    assert kept is not None
    assert kept.read_bytes() == line
    assert storage.get_all_studies() == []
    storage, kept = open_whole_journal(path)
    assert kept is None


def two_trials(storage: optuna.storages.BaseStorage) -> None:
    """Tell a study what a sweep tells it: floats of all their digits, tiny ones and none, choices, attributes."""
    study = optuna.create_study(storage=storage, study_name="toy/a", direction="maximize", load_if_exists=True)
    study.set_user_attr("folder", {"path": "/runs/toy"})
    for told in (20.069976978434608, None):
        trial = study.ask()
        trial.suggest_float("optim.lr", 1e-7, 1e-1, log=True)
        trial.suggest_categorical("optim.clip", [None, 1.0])
        trial.report(0.05327187793605908, step=1)
        study.tell(trial, told, state=None if told else optuna.trial.TrialState.FAIL)


def flips(line: bytes) -> list[bytes]:
    """A line with each of its bits flipped, one at a time."""
    every = ((at, bit) for at in range(len(line)) for bit in range(8))
    return [line[:at] + bytes([line[at] ^ 1 << bit]) + line[at + 1 :] for at, bit in every]


def without_sum(line: bytes) -> bytes:
    """A line as it was written before there were checksums."""
    log = json.loads(line)
    del log[CHECKSUM]
    return json.dumps(log, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize("n_old", [0, 3])
def test_no_bit_of_a_journal_flips_unnoticed(n_old: int, tmp_path: Path) -> None:
    # every bit of every line that has a checksum: of its spelling, where two spellings are one float, and of the
    # checksum's own key, where no line before it had one
    path = tmp_path / "study.journal"
    storage, _ = open_whole_journal(path)
    two_trials(storage)
    lines = path.read_bytes().splitlines(keepends=True)
    old = b"".join(map(without_sum, lines[:n_old]))
    assert len(lines) > 10
    n_tried = 0
    for i, line in enumerate(lines[n_old:], start=n_old):
        before = old if i == n_old else old + lines[n_old]  # to be the first with a checksum is what matters
        after = lines[i + 1] if i + 1 < len(lines) else b""
        assert readable_bytes(before + line + after) == len(before + line + after)
        for flip in flips(line):
            assert readable_bytes(before + flip + after) == len(before), (line, flip)
            n_tried += 1
    assert n_tried == 8 * len(b"".join(lines[n_old:]))


@pytest.mark.parametrize("i", [0, 5, -1])
def test_what_a_flip_spoils_is_cut_off_and_kept(i: int, tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    storage, _ = open_whole_journal(path)
    two_trials(storage)
    lines = path.read_bytes().splitlines(keepends=True)
    before, after = b"".join(lines[:i]), b"".join(lines[i:])
    spoilt = after.replace(b'"crc32"', b'"cRc32"', 1)
    path.write_bytes(before + spoilt)
    torn = repair_journal(path)
    assert torn is not None
    assert (path.read_bytes(), torn.read_bytes()) == (before, spoilt)
    assert repair_journal(path) is None


def test_a_journal_of_before_there_were_checksums_is_read_and_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    storage, _ = open_whole_journal(path)
    two_trials(storage)
    told = [(trial.state, trial.value, trial.params) for trial in storage.get_all_trials(0)]
    path.write_bytes(b"".join(map(without_sum, path.read_bytes().splitlines(keepends=True))))
    storage, torn = open_whole_journal(path)
    assert torn is None
    assert [(trial.state, trial.value, trial.params) for trial in storage.get_all_trials(0)] == told
    two_trials(storage)
    storage, torn = open_whole_journal(path)
    assert torn is None
    assert len(storage.get_all_trials(0)) == 4
