import csv
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cvae.console import printable
from cvae.errors import InputError
from cvae.record import RunState
from cvae.record.run_folder import RunFolder
from sweeps.report.analysis import analyse
from sweeps.report.figures.all_figures import figures_of
from sweeps.report.figures.curves import points
from sweeps.report.figures.figure import figure_files
from sweeps.report.output.embedded_samples import collect_samples
from sweeps.report.output.terminal import plain_lines
from sweeps.report.output.write import render_files, write_report
from sweeps.report.reading.experiment_folder import read_run
from tests.sweeps.report.planted import Planted

ANALYZE = Path(__file__).parents[4] / "analyze.py"
HOSTILE = ("</script ><script>alert(1)</script>", "a|b `c` *d*", "\"quoted\" & 'q' Ünïcode 日本")


@pytest.fixture(scope="module")
def three_arms(tmp_path_factory):
    planted = Planted({"constant": 0.0, "monotonic": 0.02, "cyclical": 0.4}, statuses={("monotonic", 0): "diverged"})
    folder = planted.write(tmp_path_factory.mktemp("three"))
    write_report(analyse(folder), pictures=False)
    return folder


def texts_of(analysis):
    return {path: data.decode() for path, data in render_files(analysis, pictures=False).items()}


def strict(text):
    def refuse(token):
        raise AssertionError(token)

    return json.loads(text, parse_constant=refuse)


def test_verdict_json_has_the_keys_that_programs_read(three_arms):
    verdict = strict((three_arms / "report" / "verdict.json").read_text())
    assert verdict["metric"]["name"] == "val/psnr"
    assert list(verdict["arms"]) == ["constant", "monotonic", "cyclical"]
    assert {"n", "mean", "interval", "copy_last"} <= verdict["arms"]["cyclical"].keys()
    assert [(pair["a"], pair["b"], pair["n"]) for pair in verdict["pairs"]] == [
        ("monotonic", "constant", 5),
        ("cyclical", "constant", 6),
        ("cyclical", "monotonic", 5),
    ]
    assert {"difference", "interval", "verdict"} <= verdict["pairs"][0].keys()


def test_the_first_line_of_the_markdown_is_the_verdict(three_arms):
    lines = (three_arms / "report" / "report.md").read_text().splitlines()
    assert lines[0].startswith("cyclical is better than constant by 0.")


def test_tables_hold_every_run_and_every_evaluation(three_arms):
    tables = three_arms / "report" / "tables"
    runs = list(csv.DictReader((tables / "runs.csv").read_text().splitlines()))
    assert len(runs) == len(list(three_arms.glob("*/*-*/run.json"))) == 3 * (3 + 6)
    n_evaluations = sum(len(RunFolder(path.parent).read_epochs()) for path in three_arms.glob("*/*/run.json"))
    assert len(list(csv.DictReader((tables / "curves.csv").read_text().splitlines()))) == n_evaluations > 0


def test_the_same_folder_gives_the_same_bytes(three_arms):
    report = three_arms / "report"
    before = {path: path.read_bytes() for path in report.rglob("*") if path.is_file()}
    write_report(analyse(three_arms), pictures=False)
    after = {path: path.read_bytes() for path in report.rglob("*") if path.is_file()}
    assert before == after
    assert len(before) == 12  # the page, the Markdown, the verdict, nine tables; nothing temporary


def test_the_page_needs_no_network(three_arms):
    page = (three_arms / "report" / "index.html").read_text()
    own = page.replace(page[page.index('<script type="module">') :], "")  # Vega's own text names web pages
    assert not re.search(r'(src|href)="(?!data:|#|tables/|figures/|verdict\.json)', own)
    assert own.count('src="data:image/png') == own.count('src="data:image/gif') == 3
    assert len(page) < 8_000_000


def test_every_figure_of_the_page_has_a_place(three_arms):
    page = (three_arms / "report" / "index.html").read_text()
    specs = json.loads(re.search(r'id="specs">(.*?)</script>', page).group(1))
    assert sorted(specs) == sorted(re.findall(r'class="chart" id="([^"]+)"', page))
    assert {"differences", "arm-means", "per-frame", "confirm-kl", "confirm-tfr", "tune-metric", "tuned-0"} <= set(
        specs
    )


def test_an_arm_has_one_colour_everywhere(three_arms):
    page = (three_arms / "report" / "index.html").read_text()
    specs = json.loads(re.search(r'id="specs">(.*?)</script>', page).group(1))
    scales = re.findall(r'"scale": (\{"domain": \["constant"[^}]*"range": \["var[^}]*\})', json.dumps(specs))
    assert len(scales) > 10
    assert len(set(scales)) == 1


def test_names_show_as_text(tmp_path):
    planted = Planted(
        dict.fromkeys(HOSTILE, 0.0), name="<b>bold</b>", question="{{ 1 + 1 }} <img src=x onerror=alert(1)>"
    )
    files = texts_of(analyse(planted.write(tmp_path)))
    page = files["index.html"]
    assert "<script>alert" not in page
    assert "<b>bold" not in page
    assert "<img src=x" not in page
    assert "{{ 1 + 1 }}" in page
    assert len(re.findall(r"</script[\s/>]", page)) == 3  # two blocks of data and the program
    assert "&lt;/script &gt;&lt;script&gt;alert(1)" in page
    assert "日本" in page
    assert "<script>alert" not in files["report.md"]
    assert r"a\|b \`c\` \*d\*" in files["report.md"]
    assert set(strict(files["verdict.json"])["arms"]) == set(HOSTILE)


FORMULAS = ("=HYPERLINK(1)", "+1", "-1+1", "@SUM(A1)", "\t=1", "\uff1d1")


@pytest.mark.parametrize("name", [*FORMULAS, "\x1b[31mred", "turned\u202eround", "two\nlines"])
def test_a_name_is_neither_a_formula_nor_a_command(tmp_path, name):
    # in every file of the report and on the terminal; an arm of another trainer may have any name
    analysis = analyse(Planted({"constant": 0.0, name: 0.4}, question=f"Is {name} better?", n_evals=2).write(tmp_path))
    files = {path: data.decode() for path, data in render_files(analysis, pictures=False, paper=True).items()}
    for path, text in files.items():
        assert "\x1b" not in text, path
        assert not set("\x00\u202e") & set(re.sub(r"<script.*?</script>", "", text, flags=re.S)), (
            path
        )  # data of figures
        if path.endswith(".csv"):
            cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
            numbers = re.compile(r"[-+][\d.]+(e[-+]?\d+)?")
            assert not [
                c for c in cells if c.startswith(("=", "+", "-", "@", "\t", "\uff1d")) and not numbers.fullmatch(c)
            ]
    assert strict(files["verdict.json"])["arms"].keys() == {"constant", name}  # programs read it as it is
    shown = "\n".join(map(printable, plain_lines(analysis, tmp_path)))
    assert not set("\x1b\u202e") & set(shown)
    drawn = figures_of(analysis)["differences"][0]
    ElementTree.fromstring(figure_files(drawn)[f"figures/{drawn.id}.svg"])


def test_a_picture_that_leads_elsewhere_is_not_embedded(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.3}).write(tmp_path)
    secret = tmp_path / "secret.png"
    secret.write_bytes((folder / "a" / "confirm-0-s1000" / "samples" / "final.png").read_bytes())
    linked = folder / "a" / "confirm-0-s1000" / "samples" / "final.png"
    linked.unlink()
    linked.symlink_to(secret)
    (folder / "b" / "confirm-0-s1000" / "samples" / "final.gif").write_bytes(b"PRIVATE KEY")
    moved = folder / "b" / "confirm-0-s1000"
    moved.rename(tmp_path / "elsewhere")  # a run on another disk is still the run
    moved.symlink_to(tmp_path / "elsewhere")
    a, b = collect_samples(analyse(folder).experiment)
    assert (a.strip, a.left_out) == (None, ())
    assert a.gif is not None
    assert (b.strip is not None, b.gif) == (True, None)


def test_a_half_finished_sweep_says_what_is_missing(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.3}, n_seeds=4, absent=frozenset({("b", 2), ("b", 3)})).write(tmp_path)
    run = RunFolder(folder / "a" / "confirm-0-s1003")
    run.write_state(replace(run.read_state(), status="running", final=None))
    analysis = analyse(folder)
    assert analysis.headline.startswith("So far, with 5 of 8 confirm runs: ")
    page = texts_of(analysis)["index.html"]
    assert "with 4 confirm runs planned for each arm: a 1 running; b 2 not started." in page


def test_tune_runs_alone_give_a_report_without_a_verdict(tmp_path):
    absent = frozenset((arm, i) for arm in "ab" for i in range(6))
    analysis = analyse(Planted({"a": 0.0, "b": 0.3}, absent=absent).write(tmp_path))
    assert "no verdict yet" in analysis.headline
    files = texts_of(analysis)
    assert strict(files["verdict.json"])["pairs"][0]["verdict"] == "undecided"
    assert 'id="tuned-0"' in files["index.html"]


def test_a_single_arm_is_reported_without_a_comparison(tmp_path):
    analysis = analyse(Planted({"only": 0.0}).write(tmp_path))
    assert analysis.headline.startswith("only reaches 2")
    assert texts_of(analysis)["report.md"].startswith("only reaches 2")


def test_records_with_gaps_are_still_reported(tmp_path):
    folder = Planted({"a": 0.0, "b": 0.3}).write(tmp_path)
    bare = RunFolder(folder / "a" / "confirm-0-s1000")
    bare.epochs.unlink()
    bare.config.unlink()
    bare.state.write_text(json.dumps({"status": "finished", "final": {"test/psnr": 21.0}}))
    odd = RunFolder(folder / "b" / "confirm-0-s1001")
    odd.epochs.write_text('{"step": 1, "val/psnr": NaN}\n{"step": 2, "train/kl": Infinity}\n{"st')
    odd.write_state(RunState("finished", final={"test/psnr": float("nan")}))
    analysis = analyse(folder)
    assert analysis.pairs[0].left_out == ("seed 1001: b finished without test/psnr",)
    strict(texts_of(analysis)["verdict.json"])


def break_nothing_finished(folder):
    for path in folder.glob("*/*/state.json"):
        path.unlink()


def break_state(folder):
    (folder / "a" / "confirm-0-s1000" / "state.json").write_text('{"status": ')


def break_plan(folder):
    (folder / "experiment.yaml").write_text("arms: [a, b]\n")


def break_arms(folder):
    (folder / "experiment.yaml").write_text("metric: {name: val/psnr}\n")


def break_direction(folder):
    path = folder / "experiment.yaml"
    path.write_text(path.read_text().replace("maximize", "upwards"))


def break_clips(folder):
    (folder / "a" / "confirm-0-s1000" / "clips.npz").write_bytes(b"not a zip")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (break_nothing_finished, "run run_sweep.py first"),
        (break_plan, "arms should be a mapping"),
        (break_arms, "arms is empty"),
        (break_direction, "maximize or minimize"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_and_left_alone(tmp_path, fault, words):
    folder = Planted({"a": 0.0, "b": 0.3}).write(tmp_path)
    fault(folder)
    with pytest.raises(InputError, match=re.escape(words)):
        write_report(analyse(folder))
    assert not (folder / "report").exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [(break_state, "confirm-0-s1000/state.json: is damaged"), (break_clips, "confirm-0-s1000/clips.npz: is damaged")],
)
def test_a_run_that_cannot_be_read_is_named_and_the_rest_is_reported(tmp_path, fault, words):
    folder = Planted({"a": 0.0, "b": 0.3}).write(tmp_path)
    fault(folder)
    analysis = analyse(folder)
    assert words in write_report(analysis).read_text()
    lost = fault is break_state  # clip scores are beside the score of the run
    finished = [run for run in analysis.experiment.runs if run.phase == "confirm" and run.is_finished]
    assert len(finished) == len(list(folder.glob("*/confirm-*"))) - lost


def run_analyze(*arguments):
    return subprocess.run(
        [sys.executable, str(ANALYZE), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_command_prints_the_verdict_first_and_the_page_last(three_arms):
    done = run_analyze(three_arms, "--no-pictures")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == analyse(three_arms).headline
    assert lines[-1] == str(three_arms / "report" / "index.html")


@pytest.mark.parametrize("make", [False, True])
def test_the_command_refuses_what_is_no_experiment(tmp_path, make):
    folder = tmp_path / "nothing"
    if make:
        folder.mkdir()
    done = run_analyze(folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: .*nothing: n.*experiment's folder.*\n", done.stderr)
    assert not (folder / "report").exists()


def test_what_the_command_needs_is_light():
    code = "import sys, sweeps.report.output.write, sweeps.report.output.terminal; "
    code += "print({*sys.modules} & {'torch', 'optuna', 'wandb'})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ANALYZE.parent, check=True)
    assert done.stdout.strip() == "set()"


def test_a_short_cycle_is_drawn_although_no_evaluation_falls_into_it(tmp_path: Path) -> None:
    # 2 cycles in 100 steps, evaluated every 50: every recorded beta is the top, the drawn curve has both rises.
    path = tmp_path / "confirm-0-s1000"
    path.mkdir()
    cyclical = {"mode": "cyclical", "n_cycles": 2, "ramp": 0.5, "shape": "linear"}
    config = {"train": {"steps": 100}, "beta": 2e-5, "kl_anneal": cyclical, "teacher_forcing": {"mode": "constant"}}
    RunFolder(path).config.write_text(yaml.safe_dump(config))
    for step in (50, 100):
        RunFolder(path).append_epoch({"step": step, "train/beta": 2e-5, "train/tfr": 1.0, "train/kl": 1.0})
    run = read_run(path, [])
    beta = dict(points(run, "train/beta"))
    assert [beta[step] for step in (0, 10, 25, 49, 50, 60, 99)] == pytest.approx([0, 8e-6, 2e-5, 2e-5, 0, 8e-6, 2e-5])
    assert set(dict(points(run, "train/tfr")).values()) == {1.0}
    assert points(run, "train/kl") == [(50, 1.0), (100, 1.0)]


def test_every_key_of_the_verdict_is_documented_and_no_other(three_arms, tmp_path):
    text = (ANALYZE.parent / "docs" / "report.md").read_text()
    tables = text[text.index("## verdict.json") :].split("| key")[1:]
    documented = [
        re.findall(r"`([a-z_]+)(?:\[\])?`", line.split("|")[1])
        for t in tables
        for line in t.splitlines()[2:]
        if "|" in line
    ]
    found = {name for names in documented for name in names}
    verdict = strict((three_arms / "report" / "verdict.json").read_text())
    keys = set(verdict) | set(verdict["arms"]["cyclical"]) | set(verdict["pairs"][0])
    planted = Planted({"a": 0.0, "b": 0.4}, also=("val/ssim",), n_evals=2)
    secondary = strict(texts_of(analyse(planted.write(tmp_path)))["verdict.json"])["secondary"]
    (metric,) = secondary["metrics"]
    keys |= {"secondary", *secondary, *metric, *metric["arms"]["a"], *metric["pairs"][0]}
    assert found == keys - {"arms", "pairs", "metrics"}
