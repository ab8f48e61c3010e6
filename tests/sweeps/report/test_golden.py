"""What the report writes of planted studies, letter for letter as it was before its code was last rearranged."""

from pathlib import Path

import pytest

from tests.sweeps.report.golden_studies import GOLDEN, STUDIES, steady, written


@pytest.mark.parametrize("study", STUDIES)
def test_a_planted_study_is_written_as_it_always_was(study: str, tmp_path: Path) -> None:
    kept = {path.name: steady(path.read_bytes().decode()) for path in (GOLDEN / study).iterdir()}
    now = {name: steady(text) for name, text in written(study, tmp_path).items()}
    assert len(kept) >= 11
    assert now.keys() == kept.keys()
    assert [name for name in kept if now[name] != kept[name]] == []
