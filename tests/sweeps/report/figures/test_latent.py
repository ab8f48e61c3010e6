"""Maps of KL share one scale, whose legend runs on without steps."""

from pathlib import Path

from sweeps.report.figures.figure import svg_of
from sweeps.report.figures.latent import kl_heat_maps
from sweeps.report.reading import read_experiment
from tests.sweeps.report.planted import Planted


def test_a_map_has_a_continuous_legend_in_its_arms_colour(tmp_path: Path) -> None:
    planted = Planted({"a": 0.0, "b": 0.0}, n_trials=0, n_evals=1, n_seeds=2, measured=True)
    first, second = kl_heat_maps(read_experiment(planted.write(tmp_path)))
    scales = [figure.spec["encoding"]["color"]["scale"] for figure in (first, second)]
    assert scales[0]["domain"] == scales[1]["domain"]
    assert [scale["range"][1] for scale in scales] == ["var(--arm-0)", "var(--arm-1)"]
    for figure, colour in ((first, "rgb(0, 114, 178)"), (second, "rgb(213, 94, 0)")):
        drawn = svg_of(figure)
        assert "<linearGradient" in drawn
        assert 'stop offset="0" stop-color="rgb(255, 255, 255)"' in drawn
        assert f'stop offset="1" stop-color="{colour}"' in drawn
        assert figure.spec["usermeta"] == {"colours": "resolved"}  # the page's script looks for it
