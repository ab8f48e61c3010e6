"""What the report writes of planted studies, byte for byte as it was before its code was last rearranged."""

from pathlib import Path

import pytest

from tests.sweeps.report.golden_studies import GOLDEN, STUDIES, written


@pytest.mark.parametrize("study", STUDIES)
def test_a_planted_study_is_written_as_it_always_was(study: str, tmp_path: Path) -> None:
    kept = {path.name: path.read_bytes() for path in (GOLDEN / study).iterdir()}
    now = {name: text.encode() for name, text in written(study, tmp_path).items()}
    assert len(kept) >= 11
    assert now.keys() == kept.keys()
    assert [name for name in kept if now[name] != kept[name]] == []
