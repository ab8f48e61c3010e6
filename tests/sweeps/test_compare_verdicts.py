"""Two verdicts compared: bytes, machine facts, places."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sweeps.compare_verdicts import app, differing_places

GOLDEN = Path(__file__).parent / "report" / "golden" / "across" / "verdict.json"


def compared(tmp_path: Path, value: object) -> tuple[int, str]:
    other = tmp_path / "verdict.json"
    other.write_text(json.dumps(value))
    done = CliRunner().invoke(app, [str(GOLDEN), str(other)])
    return done.exit_code, done.output


def test_the_same_bytes() -> None:
    done = CliRunner().invoke(app, [str(GOLDEN), str(GOLDEN)])
    assert (done.exit_code, "the same bytes" in done.output) == (0, True)


def test_a_slower_machine_found_the_same(tmp_path: Path) -> None:
    value = json.loads(GOLDEN.read_text())
    hours = [chance for pair in value["pairs"] for chance in pair["word_chances"] or []]
    assert hours
    hours[0]["device_hours"] = 1e6
    assert compared(tmp_path, value) == (
        0,
        f"{GOLDEN} and {tmp_path}/verdict.json: the same but for device hours, which are the machine's\n",
    )


def test_hours_in_a_sentence_are_the_machines_too() -> None:
    said = "undecided (difference −0.05 dB, 6 paired seeds; chance of a word 97% with 10 more seeds ({}));"  # noqa: RUF001
    a, b = said.format("0.20 device hours"), said.format("1 min of device hours")
    assert list(differing_places({"headline": a}, {"headline": b})) == []
    assert list(differing_places({"headline": a}, {"headline": b.replace("97%", "96%")}))


def test_another_number_is_shown_with_its_place(tmp_path: Path) -> None:
    value = json.loads(GOLDEN.read_text())
    value["pairs"][0]["n"] += 1
    status, said = compared(tmp_path, value)
    assert status == 1
    assert "pairs[0].n: " in said


@pytest.mark.parametrize("value", [[1], {"a": 1}, {"a": True}, {"b": 1.0}])
def test_every_kind_of_difference_is_one(value: object) -> None:
    assert list(differing_places({"b": 1}, value))


def test_damage_is_one_line(tmp_path: Path) -> None:
    other = tmp_path / "verdict.json"
    other.write_text("{")
    done = CliRunner().invoke(app, [str(GOLDEN), str(other)])
    assert f"{other}: is damaged" in str(done.exception)
