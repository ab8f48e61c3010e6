"""Some runs on one page: what each was told, how it trained, what it scored; no verdict."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cvae.errors import InputError
from cvae.visualization.save import save_pictures
from sweeps.doors.analyze_command import app
from sweeps.report.run_pages.runs_page import as_experiment, differences, render_runs, score_rows, short_names
from tests.sweeps.made_runs import samples
from tests.sweeps.report.planted import Planted


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Planted({"constant": 0.0, "<b>cyclical": 0.4}, measured=True).write(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def runs(root: Path) -> list[Path]:
    found = [sorted((root / arm).glob("confirm-*"))[0] for arm in ("constant", "<b>cyclical")]
    for i, run in enumerate(found):
        save_pictures(samples(i), run / "samples" / "final")
    return found


def test_a_page_holds_curves_strips_scores_and_what_differs(runs: list[Path]) -> None:
    experiment = as_experiment(runs)
    page = render_runs(experiment)
    names = [f"constant/{runs[0].name}", f"&lt;b&gt;cyclical/{runs[1].name}"]
    for name in names:
        assert page.count(name) > 4  # header, legend, pictures, tables
    assert "<b>cyclical" not in page
    assert page.count('src="data:image/png;base64,') == page.count('src="data:image/gif;base64,') == 2
    assert len(set(re.findall(r'class="chart" id="([\w-]+)"', page))) >= 3
    assert not re.search(r"""(src|href)=["']https?:""", page)  # opens without a network
    assert "what differs here may be chance" in page


def test_numbers_are_those_of_the_runs(runs: list[Path]) -> None:
    experiment = as_experiment(runs)
    rows = dict(score_rows(experiment.runs))
    assert rows["test/psnr"] == [f"{run.final('test/psnr'):.4g}" for run in experiment.runs]
    assert list(differences([{"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 4}}])) == [
        ("b.c", ["2", "4"]),
        ("b.d", ["3", "-"]),
    ]


def test_names_are_as_long_as_tells_them_apart() -> None:
    assert short_names([Path("/r/x/a/s1"), Path("/r/x/b/s1")]) == ["a/s1", "b/s1"]
    assert short_names([Path("/r/x/a/s1"), Path("/r/y/a/s1")]) == ["x/a/s1", "y/a/s1"]


def test_the_command_writes_it_where_it_is_told(runs: list[Path], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--runs", *map(str, runs), "--into", str(tmp_path / "pages")])
    assert done.exit_code == 0, done.output
    assert done.output.strip() == str(tmp_path / "pages" / "runs.html")
    assert (tmp_path / "pages" / "runs.html").read_text().startswith("<!doctype html>")


def test_what_is_no_run_is_named(root: Path, runs: list[Path], tmp_path: Path) -> None:
    for folders, words in (
        ([runs[0]], "1 given; a page holds 2 to 8"),
        ([runs[0], root], "not a run's folder"),
        ([runs[0], runs[0]], "given twice"),
    ):
        with pytest.raises(InputError, match=words):
            as_experiment(folders)
    young = tmp_path / "young"
    young.mkdir()
    (young / "config.yaml").write_text("beta: 1.0\n")
    with pytest.raises(InputError, match="young: holds no evaluation yet"):
        as_experiment([runs[0], young])
    with pytest.raises(InputError, match="--runs draws run folders"):
        CliRunner().invoke(app, ["--runs", *map(str, runs), "--paper"], catch_exceptions=False)
