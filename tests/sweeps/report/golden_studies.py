"""Planted studies, each with what the report wrote of it when its files were first kept.

`python -m tests.sweeps.report.golden_studies` writes the files anew: only after a change that is meant to be seen.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sweeps.report.analysis import Analysis, analyse, analyse_across
from sweeps.report.output.latex import paper_table
from sweeps.report.output.terminal import plain_lines
from sweeps.report.output.write import render_files
from tests.sweeps.report.planted import Planted, plant_thresholds

GOLDEN = Path(__file__).parent / "golden"

#: Studies whose page and curves are kept as text; of the others only a hash.
IN_FULL = ("three_arms", "measured")

#: A search whose options bring parameters of their own, and what the trials chose.
CONDITIONAL = {
    "optim.lr": {"float": [1.0e-4, 5.0e-3], "log": True},
    "n_past": {"int": [1, 4]},
    "kl_anneal": {
        "choice": {
            "constant": {"mode": "constant"},
            "cyclical": {"mode": "cyclical", "search": {"n_cycles": {"int": [2, 8]}}},
            "control": {"mode": "control", "search": {"target": {"float": [1.0, 50.0], "log": True}}},
        }
    },
    "optim.amsgrad": {"choice": [True, False]},
}
CHOSEN: tuple[dict[str, Any], ...] = (
    {"kl_anneal": "constant", "optim.amsgrad": True},
    {"kl_anneal": "cyclical", "kl_anneal.cyclical.n_cycles": 5, "optim.amsgrad": False},
    {"kl_anneal": "control", "kl_anneal.control.target": 1.0123456, "optim.amsgrad": True},
)


def two_arms(root: Path) -> Analysis:
    """One clear effect, with thresholds of collapse that were recorded at launch."""
    folder = Planted({"constant": 0.0, "cyclical": 0.4}, n_evals=2).write(root)
    plant_thresholds(folder, {"constant": 4e-7, "cyclical": 3e-7})
    return analyse(folder)


def three_arms(root: Path) -> Analysis:
    """A collapsed arm, a crash, a stop, a run that broke down, and one that has not started."""
    folder = Planted(
        {"constant": 0.0, "mono_tonic | 50%": 0.02, "<b>*cyclical*</b> & co": 0.4},
        n_evals=2,
        n_seeds=7,
        statuses={("constant", 0): "diverged", ("constant", 5): "failed", ("mono_tonic | 50%", 1): "stopped"},
        falls={("mono_tonic | 50%", 3): 8.0},
        absent=frozenset({("mono_tonic | 50%", 6)}),
        name="{kl} <annealing>",
    ).write(root)
    for path in folder.glob("constant/confirm-*/state.json"):
        state = json.loads(path.read_text())
        if state["final"]:
            state["final"]["train/kl"], state["flags"]["collapsed"] = 0.004, True
            path.write_text(json.dumps(state))
    return analyse(folder)


def two_configurations(root: Path) -> Analysis:
    """Two confirmed configurations an arm, of which one crashed once."""
    statuses = {("b", 2): "failed"}
    return analyse(Planted({"a": 0.0, "b": 0.05}, n_evals=2, n_configs=2, n_seeds=5, statuses=statuses).write(root))


def measured(root: Path) -> Analysis:
    """Scores for every clip, diagnostics, and enough trials for a region of the best."""
    return analyse(Planted({"a": 0.0, "b": 0.1}, n_evals=2, n_seeds=5, n_trials=9, measured=True).write(root))


def another_sampler(root: Path) -> Analysis:
    """Trials that do not share their points, no margin, a metric without a unit of which less is better."""
    planted = Planted({"a": 0.0, "b": -0.1}, n_evals=2, n_seeds=4, sampler="tpe", margin=None, metric="val/mse")
    planted.direction, planted.question = "minimize", ""
    return analyse(planted.write(root))


def conditional(root: Path) -> Analysis:
    """Parameters that only some trials have, a weight that the training sets, and few seeds."""
    folder = Planted({"all": 0.0, "none": 0.0}, n_evals=2, n_seeds=2).write(root)
    plan = folder / "experiment.yaml"
    plan.write_text(yaml.safe_dump(yaml.safe_load(plan.read_text()) | {"search": CONDITIONAL}, sort_keys=False))
    for path in folder.glob("all/*/run.json"):
        identity = json.loads(path.read_text())
        chosen = CHOSEN[identity["number"] if identity["phase"] == "tune" else 2]
        identity["params"] = {"optim.lr": 1.23456e-3, "n_past": 3} | chosen
        path.write_text(json.dumps(identity))
        config = yaml.safe_load((path.parent / "config.yaml").read_text())
        config |= {"kl_anneal": {"mode": chosen["kl_anneal"]}, "train": {"steps": 1000}}
        (path.parent / "config.yaml").write_text(yaml.safe_dump(config))
    return analyse(folder)


def one_arm(root: Path) -> Analysis:
    """Nothing to compare."""
    return analyse(Planted({"only": 0.0}, n_evals=2, n_seeds=3).write(root))


def across(root: Path) -> Analysis:
    """Two experiments against each other."""
    folders = [
        Planted({"a": 0.2 * i}, n_evals=2, n_seeds=4, name=name).write(root / name)
        for i, name in enumerate(("first", "second"))
    ]
    return analyse_across(folders, root / "both")


def secondary(root: Path) -> Analysis:
    """Secondary metrics with and without direction and margin; one contradicts the headline, and an arm collapsed."""
    also = (
        "val/ssim",
        {"name": "val/posterior_psnr", "margin": 0.5},
        {"name": "val/active_units", "direction": "none"},
    )
    beside = {
        "ssim": {"constant": 0.93, "cyclical": 0.81, "linear": 0.82},
        "posterior_psnr": {"constant": 21.0, "cyclical": 21.3, "linear": 21.4},
        "active_units": {"constant": 0.0, "cyclical": 3.0, "linear": 2.0},
    }
    arms = {"constant": 0.0, "cyclical": 0.4, "linear": 0.38}
    return analyse(Planted(arms, n_evals=2, also=also, beside=beside, kl_of={"constant": 0.002}).write(root))


def several_tunings(root: Path) -> Analysis:
    """Seven tunings of every arm, a run that broke down, and a tuning of which no trial trained."""
    falls = {("a", i): 0.1 * (3 * i % 7) for i in range(14)}
    planted = Planted({"a": 0.4, "b": 0.6}, n_seeds=14, n_trials=14, n_tunings=7, n_evals=2, falls=falls)
    planted.statuses, planted.absent = {("b", 3): "diverged"}, frozenset({("a", 6), ("a", 13)})
    folder = planted.write(root)
    for trial in (6, 13):
        path = folder / "a" / f"tune-{trial:03d}" / "state.json"
        state = json.loads(path.read_text()) | {"status": "failed", "final": None, "flags": None}
        path.write_text(json.dumps(state))
    return analyse(folder)


STUDIES: Mapping[str, Callable[[Path], Analysis]] = {
    study.__name__: study
    for study in (
        two_arms, three_arms, two_configurations, measured, another_sampler, conditional, one_arm, across,
        secondary, several_tunings,
    )
}  # fmt: skip


def written(study: str, root: Path) -> dict[str, str]:
    """File name -> text of everything that the report writes of a study, but pictures and the page's programs."""
    analysis = STUDIES[study](root)
    files = {path.rpartition("/")[2]: data.decode() for path, data in render_files(analysis, pictures=False).items()}
    page = files.pop("index.html")
    files["page.html"] = _words_of(page)
    files["paper.tex"] = paper_table(analysis)
    files["terminal.txt"] = "\n".join(plain_lines(analysis, Path("index.html"))) + "\n"
    hashes = {f"figure {id}": _hash(json.dumps(spec, ensure_ascii=False)) for id, spec in _specs_of(page).items()}
    if study not in IN_FULL:
        hashes |= {name: _hash(files.pop(name)) for name in ("page.html", "curves.csv")}
    return files | {"hashes.json": json.dumps(hashes, indent=1) + "\n"}


def _specs_of(page: str) -> dict[str, Any]:
    match = re.search(r'id="specs">(.*?)</script>', page)
    assert match is not None
    return dict(json.loads(match[1]))


def _words_of(page: str) -> str:
    """The page without its style, pictures, data and programs."""
    body = page[page.index("<body>") : page.index('<script type="application/json"')]
    return re.sub(r'src="data:[^"]*"', 'src="data:"', body)


def steady(text: str) -> str:
    """A text with its long numbers in ten digits: processors differ in the last ones of a sum."""
    return re.sub(r"-?\d+\.\d{9,}(?:e[+-]?\d+)?", lambda number: f"{float(number[0]):.10g}", text)


def _hash(text: str) -> str:
    return hashlib.sha256(steady(text).encode()).hexdigest()[:16]


def main() -> None:
    """Write every study's files."""
    for study in STUDIES:
        with tempfile.TemporaryDirectory() as root:
            files = written(study, Path(root))
        (GOLDEN / study).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (GOLDEN / study / name).write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
