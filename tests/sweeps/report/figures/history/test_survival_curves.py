"""A figure of survival where somebody died, and none where all live."""

from pathlib import Path

from sweeps.report.figures.figure import svg_of
from sweeps.report.figures.history.survival_curves import survival_curves
from sweeps.report.reading import read_experiment
from tests.sweeps.report.planted import Planted


def test_a_loss_is_a_step_down(tmp_path: Path) -> None:
    planted = Planted({"a": 0.0, "b": 0.0}, n_trials=0, statuses={("b", 0): "diverged"})
    figure = survival_curves(read_experiment(planted.write(tmp_path)))
    assert figure is not None
    ends = {row["arm"]: row["share"] for row in figure.rows() if row["step"] == 1000}
    assert ends == {"a": 1.0, "b": 5 / 6}
    assert "<path" in svg_of(figure)


def test_where_all_live_there_is_nothing_to_draw(tmp_path: Path) -> None:
    assert survival_curves(read_experiment(Planted({"a": 0.0}, n_trials=0, n_evals=1).write(tmp_path))) is None
