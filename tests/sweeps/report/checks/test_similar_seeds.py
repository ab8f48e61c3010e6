"""A study is compared with the simulated seeds that are like its own."""

import pytest

from benchmarks.calibration import KINDS
from sweeps.report.analysis import analyse
from sweeps.report.checks.evidence import kind_of_seeds
from tests.sweeps.report.exact_study import ExactStudy, above, baseline

D = [0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33]
MIXED = [21.3, 20.9, 21.0, 21.2, 20.8, 21.1, 21.4, 20.7, 21.25, 20.95]


@pytest.mark.parametrize(
    ("b", "changes", "kind"),
    [
        (MIXED, {}, "normal"),
        (above(D), {}, "correlated 0.6"),
        ([*MIXED[:9], 15.0], {}, "one arm skewed"),
        (MIXED, {"flagged": frozenset({("b", 3)})}, "one arm, 15% break down"),
        (MIXED, {"flagged": frozenset({("b", 3), ("a", 5)})}, "both arms, 15% break down"),
    ],
)
def test_which_kind(tmp_path, b, changes, kind):
    analysis = analyse(ExactStudy({"a": baseline(10), "b": b}, **changes).write(tmp_path / "study"))
    assert kind_of_seeds(analysis.arms, analysis.pairs) == kind
    assert kind in KINDS


def test_one_breakdown_of_many_seeds_is_rare(tmp_path):
    study = ExactStudy({"a": baseline(20), "b": above(D * 2)}, flagged=frozenset({("b", 3)}))
    analysis = analyse(study.write(tmp_path / "study"))
    assert kind_of_seeds(analysis.arms, analysis.pairs) == "one arm, 5% break down"
