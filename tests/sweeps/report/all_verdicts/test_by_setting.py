"""The command that draws the studies of several settings side by side."""

import csv
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cvae.errors import InputError
from sweeps.report.all_verdicts.by_setting import app


def pair(a: str, b: str, difference: float | None, verdict: str, void: bool = False) -> dict[str, Any]:
    interval = None if difference is None else [difference - 0.2, difference + 0.1]
    return {"a": a, "b": b, "verdict": verdict, "n": 6, "difference": difference, "interval": interval, "void": void}


def verdict(root: Path, setting: str, *pairs: dict[str, Any], **metric: Any) -> str:
    path = root / setting / "report" / "verdict.json"
    path.parent.mkdir(parents=True)
    by = {"name": "val/energy_db", "read_as": "test/energy_db", "direction": "maximize", "margin": 0.2} | metric
    said = {"schema": 3, "experiment": setting, "headline": "", "metric": by, "data": {}, "pairs": list(pairs)}
    path.write_text(json.dumps(said | {"seeds": {"complete": setting != "unfinished"}}))
    return f"{setting}={path}"


def drawn(*arguments: str) -> tuple[str, BaseException | None]:
    done = CliRunner().invoke(app, list(arguments))
    return done.output, done.exception


def test_every_arm_is_held_against_the_reference_whichever_stands_first(tmp_path: Path) -> None:
    first = verdict(tmp_path, "first", pair("sigmoid", "constant", 2.0, "better"), pair("x", "sigmoid", 0.1, "worse"))
    second = verdict(
        tmp_path, "second", pair("constant", "cyclical", 0.5, "better"), pair("sigmoid", "constant", None, "undecided")
    )
    out = tmp_path / "by.svg"
    said, fault = drawn(first, second, "--reference", "constant", "--out", str(out))
    assert fault is None
    assert said.startswith(f"{out}: The difference to constant by setting. Arm minus constant;")
    assert ElementTree.fromstring(out.read_text(encoding="utf-8")).tag.endswith("svg")
    with out.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [
        ("first", "sigmoid", "2.0", "1.8", "2.1", "6", "better"),
        ("second", "cyclical", "-0.5", "-0.6", "-0.3", "6", "worse"),
    ]


def test_what_is_void_or_not_over_is_said(tmp_path: Path) -> None:
    given = verdict(tmp_path, "unfinished", pair("sigmoid", "constant", 0.0, "undecided", void=True))
    said, _ = drawn(given, "--reference", "constant", "--out", str(tmp_path / "by.svg"))
    assert "Void, because both posteriors have collapsed: sigmoid (unfinished). Not finished: unfinished." in said


def test_studies_by_other_metrics_are_refused(tmp_path: Path) -> None:
    both = [
        verdict(tmp_path, "first", pair("sigmoid", "constant", 2.0, "better")),
        verdict(tmp_path, "second", pair("sigmoid", "constant", 2.0, "better"), name="val/psnr", read_as="test/psnr"),
    ]
    _, fault = drawn(*both, "--reference", "constant", "--out", str(tmp_path / "by.svg"))
    assert isinstance(fault, InputError)
    assert "the metric is val/energy_db and val/psnr" in str(fault)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("verdict.json", "expected SETTING=VERDICT"),
        ("far=none/verdict.json", "none/verdict.json: cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_line(given: str, message: str, tmp_path: Path) -> None:
    _, fault = drawn(given, "--reference", "constant", "--out", str(tmp_path / "by.svg"))
    assert isinstance(fault, InputError)
    assert message in str(fault)


def test_a_setting_without_the_reference_says_what_it_has(tmp_path: Path) -> None:
    given = verdict(tmp_path, "first", pair("sigmoid", "linear", 2.0, "better"))
    _, fault = drawn(given, "--reference", "constant", "--out", str(tmp_path / "by.svg"))
    assert isinstance(fault, InputError)
    assert "has no arm 'constant' to be the reference; it has linear, sigmoid" in str(fault)
