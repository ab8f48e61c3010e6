"""Studies over the length of training: read with their experiments, refused where they do not belong together."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cvae.errors import InputError
from sweeps.report import analyse
from sweeps.report.all_verdicts.length_studies import (
    LengthStudy,
    advantages,
    arms_of_all,
    check_alike,
    common_metric,
    read_length_study,
    remarks_on,
)
from sweeps.report.output.verdict_json import verdict_json
from tests.sweeps.report.planted import Planted

SHORT, LONG = {"constant": {}, "cyclical": {"kl_anneal": {"mode": "cyclical"}}, "sigmoid": {}}, {"constant": {}}
LONG |= {"cyclical": SHORT["cyclical"]}


def pair(a: str, b: str, difference: float | None = 0.5, **changes: Any) -> dict[str, Any]:
    values = {"a": a, "b": b, "verdict": "better", "void": False, "n": 6, "difference": difference}
    return values | {"interval": [0.2, 0.9]} | changes


def plant_study(
    root: Path,
    name: str,
    updates: int,
    pairs: list[dict[str, Any]],
    arms: dict[str, Any] = SHORT,
    margin: float | None = 0.2,
    base: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Write an experiment's file and its verdict and return how they are given."""
    experiment = {
        "name": name,
        "metric": {"name": "val/psnr", "margin": margin},
        "base": {"train": {"steps": updates}, **(base or {})},
        "arms": arms,
    }
    verdict = {
        "schema": 3,
        "experiment": name,
        "headline": "x",
        "metric": {"name": "val/psnr", "read_as": "test/psnr", "direction": "maximize", "margin": margin},
        "data": {"split": "test", "fingerprints": ["f1"]},
        "seeds": {"complete": True},
        "pairs": pairs,
    }
    (root / f"{name}.yaml").write_text(yaml.safe_dump(experiment))
    (root / f"{name}.json").write_text(json.dumps(verdict | changes))
    return f"{root / name}.yaml={root / name}.json"


SHORT_PAIRS = [
    pair("cyclical", "constant"),
    pair("constant", "sigmoid", 0.25, interval=[0.1, 0.4]),
    pair("sigmoid", "cyclical", -0.75),
]


def short(root: Path, **changes: Any) -> str:
    return plant_study(root, "short", 250, SHORT_PAIRS, **changes)


def long(root: Path, **changes: Any) -> str:
    pairs = changes.pop("pairs", [pair("cyclical", "constant", 0.1, verdict="undecided", interval=[-0.2, 0.4])])
    return plant_study(root, "long", 1000, pairs, **({"arms": LONG} | changes))


def read(*given: str) -> list[LengthStudy]:
    return [read_length_study(each) for each in given]


def test_every_difference_has_the_arm_first(tmp_path: Path) -> None:
    studies = read(short(tmp_path), long(tmp_path))
    check_alike(studies)
    assert arms_of_all(studies) == ["constant", "cyclical", "sigmoid"]
    found = [(p.arm, p.updates, p.difference, p.low, p.high, p.verdict) for p in advantages(studies, "constant")]
    assert found == [
        ("cyclical", 250, 0.5, 0.2, 0.9, "better"),
        ("sigmoid", 250, -0.25, -0.4, -0.1, "worse"),
        ("cyclical", 1000, 0.1, -0.2, 0.4, "undecided"),
    ]


def test_what_a_report_writes_is_read(tmp_path: Path) -> None:
    analysis = analyse(Planted({"constant": 0.0, "cyclical": 0.4}, n_evals=1).write(tmp_path))
    given = plant_study(tmp_path, analysis.experiment.plan.name, 250, [], LONG, margin=0.1)
    path = Path(given.partition("=")[2])
    path.write_text(verdict_json(analysis))
    study = read_length_study(given)
    [advantage] = advantages([study], "constant")
    [said] = json.loads(path.read_text())["pairs"]
    sign = 1 if said["a"] == "cyclical" else -1
    assert advantage.difference == sign * said["difference"]
    assert sorted([advantage.low or 0, advantage.high or 0]) == sorted(sign * end for end in said["interval"])
    assert (advantage.updates, advantage.verdict, study.is_over) == (250, "better", True)


def test_the_studies_of_this_project_say_their_updates(tmp_path: Path) -> None:
    root = Path(__file__).parents[4] / "experiments"
    metric = {"name": "val/energy_db", "read_as": "test/energy_db", "direction": "maximize", "margin": 0.2}
    studies = []
    for name in ("study_given", "study_long"):
        plant_study(tmp_path, name, 1, [pair("sigmoid", "constant")], metric=metric)
        studies.append(read_length_study(f"{root / name}.yaml={tmp_path / name}.json"))
    assert [study.updates for study in studies] == [250, 1000]
    check_alike(studies)
    [remark] = remarks_on(studies, [])
    assert "optim.lr (searched at 250, 0.0022 at 1,000)" in remark
    assert "tunings (6 at 250, 0 at 1,000)" in remark
    assert "train.steps" not in remark
    assert "kl_anneal.mode" not in remark


def test_what_differs_beside_the_length_is_said_once(tmp_path: Path) -> None:
    alike = read(short(tmp_path), long(tmp_path))
    assert list(remarks_on(alike, [])) == []
    faster = read(short(tmp_path), long(tmp_path, base={"optim": {"lr": 0.004}}))
    default = alike[0].experiment.config("constant", {}, 0, "test").optim.lr
    assert list(remarks_on(faster, [])) == [
        f"Beside their lengths the studies differ in optim.lr ({default} at 250, 0.004 at 1,000)."
    ]


def test_void_pairs_and_unfinished_studies_are_said(tmp_path: Path) -> None:
    pairs = [pair("cyclical", "constant", void=True)]
    studies = read(short(tmp_path, void=True), long(tmp_path, pairs=pairs, seeds={"complete": False}))
    points = advantages(studies, "constant")
    assert {point.verdict for point in points} == {"void"}
    assert not any(point.verdict.startswith(("better", "worse")) for point in points)
    assert list(remarks_on(studies, points)) == [
        "Void, because both posteriors have collapsed: cyclical at 250, sigmoid at 250, cyclical at 1,000.",
        "Not finished: 1,000 updates.",
    ]


def test_the_margin_is_the_strictest_if_all_have_one(tmp_path: Path) -> None:
    assert common_metric(read(short(tmp_path), long(tmp_path, margin=0.1))).margin == 0.1
    assert common_metric(read(short(tmp_path), long(tmp_path, margin=None))).margin is None


def refusal(*given: str, reference: str = "constant") -> str:
    def compare() -> None:
        studies = read(*given)
        check_alike(studies)
        advantages(studies, reference)

    with pytest.raises(InputError) as refused:
        compare()
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("given", ["verdict.json", "=verdict.json", "study_long="])
def test_one_of_the_two_is_missing(given: str) -> None:
    assert f"{given}: expected EXPERIMENT=VERDICT" in refusal(given)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = short(tmp_path)
    experiment, _, verdict = given.partition("=")
    assert "none.yaml: there is no such experiment file" in refusal(f"{tmp_path}/none.yaml={verdict}")
    assert "none.json: cannot be read (No such file" in refusal(f"{experiment}={tmp_path}/none.json")
    monkeypatch.chdir(tmp_path)  # a bare name has no folders before it
    assert len(read("short.yaml=short.json")) == 1
    Path(verdict).write_text("{")
    assert refusal("short.yaml=short.json").startswith("short.json: is not JSON")
    short(tmp_path)
    Path(verdict).write_text(Path(verdict).read_text().replace("0.5", "NaN"))
    assert "pairs.0.difference: Input should be a finite number" in refusal(given)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"experiment": "other"}, "name is other in it and short in the experiment"),
        (
            {"metric": {"name": "val/mse", "read_as": "test/mse", "direction": "minimize"}},
            "metric.name is val/mse in it and val/psnr",
        ),
        (
            {"metric": {"name": "val/psnr", "read_as": "val/psnr", "direction": "maximize", "margin": 0.2}},
            "the final score is val/psnr in it and test/psnr",
        ),
        (
            {"metric": {"name": "val/psnr", "read_as": "test/psnr", "direction": "maximize"}},
            "metric.margin is None in it and 0.2",
        ),
        ({"pairs": [pair("a", "constant")]}, "the experiment has no arm 'a'"),
    ],
)
def test_a_verdict_of_another_experiment(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    given = short(tmp_path)
    verdict = tmp_path / "short.json"
    verdict.write_text(json.dumps(json.loads(verdict.read_text()) | changes))
    assert refusal(given).endswith(said) or said in refusal(given)
    assert str(verdict) in refusal(given)


def test_arms_that_train_differently_long(tmp_path: Path) -> None:
    arms = {**SHORT, "sigmoid": {"train": {"steps": 300}}}
    assert "train.steps is 250 to 300; allowed: one length" in refusal(short(tmp_path, arms=arms))


def test_studies_that_do_not_belong_together(tmp_path: Path) -> None:
    first = short(tmp_path)
    assert "expected two or more" in refusal(first)
    again = plant_study(tmp_path, "again", 250, SHORT_PAIRS)
    assert "short.json and " in refusal(first, again)
    assert "both are of 250 updates" in refusal(first, again)
    data = {"split": "test", "fingerprints": ["f2"]}
    assert "cannot be compared: the data's fingerprint is f1 and f2" in refusal(first, long(tmp_path, data=data))
    assert len(read(first, long(tmp_path, data={}))) == 2


def test_a_reference_that_is_not_there(tmp_path: Path) -> None:
    both = short(tmp_path), long(tmp_path)
    assert "long.json: has no arm 'sigmoid' to be the reference; it has constant, cyclical" in refusal(
        *both, reference="sigmoid"
    )
    assert "does not say how 'cyclical' compares" in refusal(both[0], long(tmp_path, pairs=[]))
    nothing = [{**each, "difference": None, "interval": None} for each in SHORT_PAIRS]
    unsaid = plant_study(tmp_path, "short", 250, nothing), long(tmp_path, pairs=[nothing[0]])
    assert "has no difference to 'constant' yet" in refusal(*unsaid)
