"""A journal of studies: what cannot be read is put aside, and what it told comes back from the run folders."""

from pathlib import Path

import pytest

from sweeps.study.journal import open_whole_journal


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
