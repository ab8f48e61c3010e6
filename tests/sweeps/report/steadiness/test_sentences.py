"""What is said of one seed and of pairing."""

from pathlib import Path

import numpy as np

from sweeps.report.steadiness.sentences import steadiness_sentences
from tests.sweeps.report.steadiness.test_over_blocks import study


def test_a_word_that_hangs_on_a_seed_is_named_with_it(tmp_path: Path) -> None:
    analysis = study(tmp_path, (0.30, 0.28, 0.35, 0.31, 0.33, 0.29, 0.32, -0.60))
    [sentence] = steadiness_sentences(analysis.experiment, analysis.pairs)
    assert sentence.startswith("b0 against a: undecided, but better without seed 507 (mean +0.18 to +0.31 dB); ")


def test_a_word_that_stands_is_said_to_stand(tmp_path: Path) -> None:
    analysis = study(tmp_path, (0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33))
    [sentence] = steadiness_sentences(analysis.experiment, analysis.pairs)
    a, b = (np.array(list(arm.by_seed.values())) for arm in analysis.arms)
    r = np.corrcoef(a, b)[0, 1]
    assert 0.5 < r < 0.99
    assert sentence == (
        "b0 against a: better whichever one seed is left out (mean +0.28 to +0.34 dB); "
        f"pairing by seed was worth {1 / (1 - r):.1f} times the seeds (r = {r:.2f})."
    )


def test_pairing_that_bought_nothing_is_no_praise(tmp_path: Path) -> None:
    base = [0.1 * (7 * i % 10) for i in range(8)]
    analysis = study(tmp_path, tuple(-2 * x for x in base))  # one arm falls where the other rises
    [sentence] = steadiness_sentences(analysis.experiment, analysis.pairs)
    assert sentence.endswith("pairing by seed was worth nothing here (r = −1.00).")  # noqa: RUF001
