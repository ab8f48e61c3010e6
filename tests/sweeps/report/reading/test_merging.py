"""Experiments against each other, and the tables for a paper."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cvae.errors import InputError
from sweeps.report.analysis import analyse, analyse_across
from sweeps.report.output.latex import latex_text, paper_table
from tests.sweeps.report.planted import Planted

ANALYZE = Path(__file__).parents[4] / "analyze.py"


@pytest.fixture
def two(tmp_path):
    first = Planted({"constant": 0.0, "cyclical": 0.1}, name="first", n_seeds=10).write(tmp_path / "1")
    second = Planted({"constant": 0.5}, name="second", n_seeds=10, margin=0.3).write(tmp_path / "2")
    return first, second


def test_arms_of_two_experiments_are_paired_by_their_seeds(two, tmp_path):
    analysis = analyse_across(two, tmp_path / "both")
    assert analysis.experiment.plan.arms == ("first: constant", "first: cyclical", "second: constant")
    pair = next(p for p in analysis.pairs if (p.a, p.b) == ("second: constant", "first: constant"))
    assert (pair.verdict, pair.test.n) == ("better", 10)
    assert pair.test.difference == pytest.approx(0.5, abs=0.1)
    assert analysis.experiment.plan.metric.margin == 0.1  # the stricter of the two


def edit(folder, file, change):
    paths = sorted(folder.glob(file))
    assert paths, file
    for path in paths:
        value = yaml.safe_load(path.read_text())
        change(value)
        path.write_text(json.dumps(value) if path.suffix == ".json" else yaml.safe_dump(value))


FAULTS = {
    "metric.name is val/psnr and val/ssim": ("experiment.yaml", lambda v: v["metric"].update(name="val/ssim")),
    "metric.direction is maximize and minimize": (
        "experiment.yaml",
        lambda v: v["metric"].update(direction="minimize"),
    ),
    "confirm.split is test and validate": ("experiment.yaml", lambda v: v["confirm"].update(split="validate")),
    "configs_per_arm is 1 and 2": ("experiment.yaml", lambda v: v["confirm"].update(configs_per_arm=2)),
    "fingerprint is 9b1de2 and other": ("*/*/state.json", lambda v: v.update(data_fingerprint="other")),
    "image_size is 64 and 32": ("*/*/config.yaml", lambda v: v.update(image_size=32)),
    "no confirm seed in common": ("*/confirm-*/run.json", lambda v: v.update(seed=v["seed"] + 100)),
}


@pytest.mark.parametrize("words", FAULTS)
def test_what_is_not_comparable_is_refused_and_named(two, tmp_path, words):
    edit(two[1], *FAULTS[words])
    with pytest.raises(InputError, match=f"cannot be compared: .*{re.escape(words)}"):
        analyse_across(two, tmp_path / "both")


def test_what_else_differs_is_said(two, tmp_path):
    edit(two[1], "*/*/config.yaml", lambda v: v.update(train={"steps": 2000}))
    check = {g.title: g for g in analyse_across(two, tmp_path / "both").checks}[
        "The experiments differ in nothing else"
    ]
    assert check.level == "warn"
    assert "train.steps: first None, second 2000" in check.detail


def test_the_command_compares_and_writes_beside(two):
    done = subprocess.run(
        [
            sys.executable,
            str(ANALYZE),
            *map(str, two),
            "--no-pictures",
            "--paper",
            "--into",
            str(two[0].parent / "both"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = two[0].parent / "both" / "report"
    assert done.stdout.splitlines()[-1] == str(report / "index.html")
    assert r"\toprule" in (report / "tables" / "paper.tex").read_text()
    assert not (two[0] / "report").exists()


def test_a_report_on_two_does_not_overwrite_an_experiment(two):
    with pytest.raises(InputError, match="is an experiment's folder"):
        analyse_across(two, two[0])


def test_latex_prints_names_as_they_are(tmp_path):
    arms = {r"a_b & 100% {x} \y $z# ~^ <i>": 0.0, "b": 0.4}
    table = paper_table(analyse(Planted(arms).write(tmp_path)))
    escaped = (
        r"a\_b \& 100\% \{x\} \textbackslash{}y \$z\# \textasciitilde{}\textasciicircum{} \textless{}i\textgreater{}"
    )
    assert f"\n{escaped} & " in table
    assert f"\nb $-$ {escaped} & " in table
    for line in table.splitlines():
        cells = re.sub(r"\\&", "", line).count("&")
        assert line.startswith(("%", "\\")) or not line or cells == 6, line
    assert latex_text("−1\n±2") == "$-$1 $\\pm$2"  # noqa: RUF001 - a minus sign


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_latex_takes_the_table(tmp_path):
    table = paper_table(analyse(Planted({"a_b": 0.0, "<&>": 0.4}).write(tmp_path)))
    text = r"\documentclass{article}\usepackage{booktabs}\begin{document}" + table + r"\end{document}"
    (tmp_path / "t.tex").write_text(text)
    subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"], cwd=tmp_path, check=True)
