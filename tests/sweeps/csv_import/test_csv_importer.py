"""A spreadsheet gets the verdict that run folders with its scores get."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.csv_import.csv_importer import ScoreMeaning, import_csv
from sweeps.report.analysis import Analysis, analyse
from sweeps.report.output.verdict_json import verdict_json
from sweeps.report.statistics import compare_pairs
from tests.sweeps.report.planted import Planted

ROOT = Path(__file__).parents[3]
EFFECT = (0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33)
BASE = [21 + 0.1 * (7 * i % 10) for i in range(10)]
IN_DB = ScoreMeaning("psnr", margin=0.1)


def wide(folder: Path, differences: tuple[float, ...] = EFFECT, name: str = "pairs.csv") -> Path:
    """The planted study of a reader who has a calculator: arm a at seed 500 + i, and b by a difference above it."""
    lines = [f"{500 + i},{a!r},{a + d!r}" for i, (a, d) in enumerate(zip(BASE, differences, strict=True))]
    (folder / name).write_text("\n".join(["seed,a,b", *lines]))
    return folder / name


def test_the_planted_effect_has_its_numbers_and_its_word(tmp_path: Path) -> None:
    pair = analyse(import_csv(wide(tmp_path), tmp_path / "effect", IN_DB)).pairs[0]
    assert (pair.a, pair.b, pair.test.n, pair.verdict) == ("b", "a", 10, "better")
    assert pair.test.difference == pytest.approx(0.31, abs=1e-12)
    assert pair.test.interval == pytest.approx((0.205189, 0.414811), abs=5e-7)
    assert pair.test.p == pytest.approx(8.94678e-5, rel=1e-5)
    assert pair.sign_flip_p == pytest.approx(0.00195312, abs=5e-9)


def numbers_of(analysis: Analysis) -> str:
    """What is said of arms and pairs; not what only run folders hold."""
    verdict = json.loads(verdict_json(analysis))
    pairs = [{key: value for key, value in pair.items() if key != "over_space"} for pair in verdict["pairs"]]
    for pair in pairs:
        pair["word_chances"] = [chance | {"device_hours": None} for chance in pair["word_chances"]]
    kept = ("n", "n_planned", "mean", "interval", "sd", "iqm", "worst_tenth", "n_runs", "n_lost")
    arms = {name: {key: arm[key] for key in kept} for name, arm in verdict["arms"].items()}
    return json.dumps([verdict["headline"], pairs, arms, verdict["metric"]])


def test_a_table_has_the_verdict_of_run_folders_with_its_scores(tmp_path: Path) -> None:
    # A lost run, one that has not begun and a clear effect, from the folders into a long table and back.
    planted = Planted(
        {"constant": 0.0, "cyclical": 0.3, "mono": 0.05},
        n_seeds=8,
        n_trials=0,
        n_evals=1,
        statuses={("mono", 2): "diverged"},
        absent=frozenset({("cyclical", 5)}),
    )
    original = analyse(planted.write(tmp_path))
    lines = ["arm,seed,score,status"]
    for run in original.experiment.runs:
        score = original.experiment.score(run)
        lines.append(f"{run.arm},{run.seed},{'' if score is None else repr(score)},{run.status}")
    (tmp_path / "long.csv").write_text("\r\n".join(lines), encoding="utf-8-sig")
    imported = analyse(import_csv(tmp_path / "long.csv", tmp_path / "long", IN_DB))
    assert "0." in original.headline
    assert numbers_of(imported) == numbers_of(original)


def test_clips_come_with_their_means_and_tune_scores_decide_nothing(tmp_path: Path) -> None:
    lines = ["arm,seed,clip,score,phase"]
    for arm, gain in (("a", 0.0), ("b", 0.5)):
        lines += [f"{arm},{s},c{c},{20 + gain + 0.1 * s * c},confirm" for s in range(6) for c in range(4)]
    lines += ["a,0,all,99,tune", "b,0,all,1,tune", "b,1,all,2,tune"]
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    analysis = analyse(import_csv(tmp_path / "clips.csv", tmp_path / "clips", IN_DB))
    pair = analysis.pairs[0]
    assert pair.clips is not None
    assert (pair.clips.n_clips, pair.clips.n_seeds) == (4, 6)
    assert pair.test.difference == pytest.approx(0.5, abs=1e-12)
    assert [arm.tune_score for arm in analysis.arms] == [99.0, 2.0]


def test_a_score_that_is_no_number_is_a_breakdown(tmp_path: Path) -> None:
    (tmp_path / "nan.csv").write_text(
        "seed,a,b\n" + "".join(f"{i},{20 + i % 3},{21 + i % 2}\n" for i in range(6)) + "9,20,nan"
    )
    analysis = analyse(import_csv(tmp_path / "nan.csv", tmp_path / "nan", ScoreMeaning()))
    assert analysis.pairs[0].test.n == 6
    assert [arm.n_diverged for arm in analysis.arms] == [0, 1]


def test_less_may_be_better(tmp_path: Path) -> None:
    (tmp_path / "mse.csv").write_text("seed,a,b\n" + "".join(f"{i},{2 + 0.1 * i},{1 + 0.11 * i}\n" for i in range(6)))
    analysis = analyse(import_csv(tmp_path / "mse.csv", tmp_path / "mse", ScoreMeaning("mse", "minimize")))
    assert analysis.pairs[0].verdict == "better"
    assert analysis.headline.startswith("b is better than a")


def test_a_table_that_has_grown_is_imported_again_and_keeps_its_report(tmp_path: Path) -> None:
    table = wide(tmp_path)
    folder = import_csv(table, tmp_path / "effect", IN_DB)
    first = (folder / "imported.json").stat().st_mtime_ns
    (folder / "report").mkdir()
    (folder / "report" / "verdict.json").write_text("{}")
    assert import_csv(table, folder, IN_DB) == folder
    assert (folder / "imported.json").stat().st_mtime_ns == first  # unchanged: left as it is
    table.write_text(table.read_text() + "\n600,21,22\n")
    import_csv(table, folder, IN_DB)
    assert analyse(folder).pairs[0].test.n == 11
    assert (folder / "report" / "verdict.json").read_text() == "{}"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_was_imported_otherwise_is_not_written_over(tmp_path: Path) -> None:
    folder = import_csv(wide(tmp_path), tmp_path / "effect", IN_DB)
    with pytest.raises(InputError, match=r"was imported from .*pairs.csv with .*'margin': 0.1"):
        import_csv(tmp_path / "pairs.csv", folder, ScoreMeaning("psnr", margin=0.5))
    with pytest.raises(InputError, match="was imported from"):
        import_csv(wide(tmp_path, name="other.csv"), folder, IN_DB)
    with pytest.raises(InputError, match="exists and was not imported"):
        import_csv(tmp_path / "pairs.csv", tmp_path, IN_DB)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed,a,b\n1,2,3\n1,4,5\n", "line 3: arm a, confirm seed 1 stands in line 2 too"),
        ("arm,seed,score\na,1,2\nb,1,2\na,1,3\n", "line 4: arm a, confirm seed 1 stands in line 2 too"),
        ("arm,seed,score,clip\na,1,2,x\na,1,3,x\n", "line 3: arm a, confirm seed 1, clip x stands in line 2 too"),
        (
            "arm,seed,score,clip,status\na,1,2,x,\na,1,3,y,failed\n",
            "line 3: status is failed; line 2, of the same run, says finished",
        ),
        (
            "arm,seed,score,clip\na,1,2,x\na,1,3,y\nb,1,2,x\n",
            r"line 4: arm b, seed 1 and arm a, seed 1 were scored on different clips \(y is in one alone\)",
        ),
        ("arm,seed,score,phase\na,1,2,tune\n", "has no confirm line"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        import_csv(tmp_path / "pairs.csv", tmp_path / "out", IN_DB)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("meaning", "said"),
    [
        ({"metric": "test/psnr"}, "--metric is 'test/psnr'; it is a word such as psnr, without a split"),
        ({"direction": "up"}, "--direction is 'up'; allowed: maximize, minimize"),
        ({"margin": 0.0}, "--margin is 0.0; it is a number above 0"),
        ({"margin": float("nan")}, "--margin is nan"),
    ],
)
def test_what_no_experiment_may_declare_is_refused(meaning: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ScoreMeaning(**meaning)


def test_the_short_way_and_the_door_say_the_same(tmp_path: Path) -> None:
    table = wide(tmp_path)

    def call(*arguments: str) -> str:
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[0]

    short = call("analyze.py", "--csv", str(table), "--margin", "0.1", "--into", str(tmp_path / "x"), "--no-pictures")
    told = call("-m", "sweeps.csv_import", str(table), "--margin", "0.1", "--into", str(tmp_path / "y"))
    assert told == f"{tmp_path / 'y'}: 20 runs"
    assert short == call("analyze.py", str(tmp_path / "y"), "--no-pictures")
    expected = compare_pairs([a + d for a, d in zip(BASE, EFFECT, strict=True)], BASE)
    for folder in ("x", "y"):
        pair = json.loads((tmp_path / folder / "report" / "verdict.json").read_text())["pairs"][0]
        assert pair["difference"] == pytest.approx(expected.difference, abs=1e-12)
        assert pair["p"] == pytest.approx(expected.p, abs=1e-12)
        assert pair["interval"] == pytest.approx(list(expected.interval or ()), abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--csv", "nowhere.csv"], "nowhere.csv: cannot be read (No such file or directory)"),
        (["--margin", "0.1", "runs/x"], "--margin belongs to --csv"),
        (["--csv", "x.csv", "--wandb", "a/b"], "give --csv or --wandb"),
    ],
)
def test_mistakes_of_the_command_are_one_line(arguments: list[str], said: str) -> None:
    command = [sys.executable, "analyze.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.count("\n") == 1
