"""The published study: what docs/results.md says is what the committed verdicts say."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeps.decision import share_interval
from sweeps.experiment import load_experiment

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "docs" / "study"
NAMES = sorted(path.parent.name for path in STUDY.glob("*/verdict.json"))
SETTINGS = ("given", "searched", "long", "slip", "robot")
BEGIN, END = "<!-- study -->", "<!-- end of study -->"


def verdict_of(name: str) -> dict[str, Any]:
    verdict: dict[str, Any] = json.loads((STUDY / name / "verdict.json").read_text())
    return verdict


def table_of(name: str, table: str) -> list[dict[str, str]]:
    with (STUDY / name / "tables" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def answer() -> str:
    page = (ROOT / "docs" / "results.md").read_text()
    return page[page.index(BEGIN) : page.index(END)]


def cell(pair: dict[str, Any], arm: str) -> str:
    """Return an arm's difference to another as the page gives it: difference, 95% interval, word."""
    sign = 1 if pair["a"] == arm else -1
    low, high = sorted(sign * bound for bound in pair["interval"])
    word = pair["verdict"]
    if word == "better":
        word = "**better**" if sign == 1 else "worse"
    return f"{sign * pair['difference']:+.2f} ({low:.2f} to {high:.2f}), {word}"


def against(name: str, reference: str) -> dict[str, str]:
    """Return arm -> its cell against the reference arm."""
    pairs = [pair for pair in verdict_of(name)["pairs"] if reference in (pair["a"], pair["b"])]
    return {arm: cell(pair, arm) for pair in pairs for arm in {pair["a"], pair["b"]} - {reference}}


def rows_of(reference: str, names: list[str]) -> Iterator[str]:
    cells = {name: against(name, reference) for name in names}
    for arm in dict.fromkeys(arm for name in names for arm in verdict_of(name)["arms"] if arm != reference):
        yield f"| {arm} | " + " | ".join(cells[name].get(arm, "") for name in names) + " |"


def secondary_rows(name: str, metrics: list[str]) -> Iterator[str]:
    """Yield arm, score and what the secondary metrics are on average."""
    verdict = verdict_of(name)
    means = {(row["metric"], row["arm"]): float(row["mean"]) for row in table_of(name, "secondary_arms")}
    for arm, row in verdict["arms"].items():
        values = [f"{row['mean']:.2f}", *(f"{means[metric, arm]:.2f}" for metric in metrics)]
        yield f"| {arm} | " + " | ".join(values) + " |"


def words_of(name: str) -> Iterator[str]:
    verdict = verdict_of(name)
    yield verdict["headline"]
    yield from (pair["sentence"] for pair in verdict["pairs"])
    yield from verdict.get("secondary", {}).get("disagreements", [])
    yield from (f"{guard['title']}: {guard['detail']}" for guard in verdict["guards"])


def numbers_in(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers_in(item)
    elif isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from map(float, re.findall(r"\d+(?:\.\d+)?", value))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_published_is_of_a_committed_file(name: str) -> None:
    experiment = load_experiment(ROOT / "experiments" / f"study_{name}.yaml")
    verdict = verdict_of(name)
    assert verdict["experiment"] == f"study_{name}" == experiment.name
    assert list(verdict["arms"]) == list(experiment.arms)
    assert verdict["seeds"]["complete"]
    assert verdict["metric"]["margin"] == experiment.metric.margin
    seeds = {int(row["seed"]) for row in table_of(name, "runs") if row["phase"] == "confirm"}
    assert seeds == set(range(experiment.seed + 1000, experiment.seed + 1000 + verdict["seeds"]["planned"]))


def test_the_tables_are_the_verdicts() -> None:
    page = answer()
    settings = [name for name in SETTINGS if name in NAMES]
    expected = list(rows_of("constant", settings))
    assert len(expected) > 2
    metrics = ["val/psnr", "val/psnr_of_mean_of_n", "val/posterior_zero_gap", "val/kl"]
    expected += [row for name in ("given", "searched", "long") for row in secondary_rows(name, metrics)]
    columns = [against("forcing", reference) for reference in ("forced_constant", "forced_sigmoid")]
    for arm in verdict_of("forcing")["arms"]:
        expected.append(f"| {arm} | " + " | ".join(column.get(arm, "") for column in columns) + " |")
    expected += [report_row("report"), report_row("report_fast")]
    missing = [row for row in expected if row not in page]
    assert missing == []


def share(k: int, n: int) -> str:
    """Return a share with its exact 95% interval."""
    low, high = share_interval(k, n)
    return f"{k} of {n} (" + (f"at most {high:.0%})" if k == 0 else f"{100 * low:.0f} to {high:.0%})")


def report_row(name: str) -> str:
    """Return what the course report's two arms did, and what one run of each would have shown, as the page gives it."""
    verdict = verdict_of(name)
    (pair,), (ways,) = verdict["pairs"], table_of(name, "one_run_each")
    assert (pair["a"], pair["b"], ways["a"]) == ("cyclical", "monotonic", "cyclical")
    arms = verdict["arms"]
    falls = " ".join(guard["detail"] for guard in verdict["guards"] if guard["title"] == "No run fell on the way")
    fell = {arm: int(k) for arm, k in re.findall(r"(\w+) (\d+) of \d+ \(", falls)}
    cells = [
        load_experiment(ROOT / "experiments" / f"study_{name}.yaml").base.get("optim", {}).get("lr", 0.002),
        "; ".join(share(arms[arm]["n_broken"], arms[arm]["n_ended"]) for arm in ("monotonic", "cyclical")),
        "; ".join(share(fell.get(arm, 0), arms[arm]["n_runs"]) for arm in ("monotonic", "cyclical")),
        cell(pair, "cyclical") + (", but void" if pair["void"] else ""),
        f"{ways['a_ahead']} (by more than the margin {ways['a_beyond']}); {ways['b_ahead']} ({ways['b_beyond']})",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def test_what_is_quoted_was_said() -> None:
    said = " ".join(" ".join(" ".join(words_of(name)).split()) for name in NAMES)
    quoted = re.findall(r"(?<![*\w])\*([^*]{30,}?)\*(?![*\w])", " ".join(answer().split()))
    assert quoted
    assert [quote for quote in quoted if quote.rstrip(".") not in said] == []


def pool() -> set[float]:
    """Return every number that the studies' files hold, and how many runs each made."""
    found: set[float] = set()
    for name in NAMES:
        experiment = yaml.safe_load((ROOT / "experiments" / f"study_{name}.yaml").read_text())
        runs = table_of(name, "runs")
        found |= {abs(number) for of in (verdict_of(name), experiment, len(runs)) for number in numbers_in(of)}
        for table in ("arms", "pairs", "runs", "secondary", "secondary_arms", "one_run_each"):
            if (STUDY / name / "tables" / f"{table}.csv").exists():
                found |= {abs(number) for row in table_of(name, table) for number in numbers_in(dict(row))}
    return found


def prose() -> str:
    return re.sub(r"`[^`]*`|\]\([^)]*\)", "", answer())


def test_every_decimal_is_one_of_the_study() -> None:
    known, wrong = pool(), []
    for number in re.findall(r"\d+\.\d+", prose()):
        digits = len(number.partition(".")[2])
        if all(f"{value:.{digits}f}" != number for value in known):
            wrong.append(number)
    assert wrong == []


def test_every_count_is_one_of_the_study() -> None:
    known = pool()
    counts = [int(number) for number in re.findall(r"(?<![\d.,])\d{2,}(?![\d.,]|\s+minutes)", prose())]
    assert len(counts) > 5
    assert [count for count in counts if count not in known] == []
