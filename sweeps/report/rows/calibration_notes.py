"""What the rule is worth for as many arms as a study has, as simulation measured it, a sentence each."""

from collections.abc import Iterator, Mapping
from typing import Any

from sweeps.report.statistics import calibration


def calibration_notes(n_arms: int, n_tunings: int) -> list[str]:
    """Return what the rule does to wrong words where arms are equal, at the margin, looked at, or lose their runs.

    Args:
        n_arms: arms of the study.
        n_tunings: how often each was tuned; 0 where none was.
    """
    return [*_families(n_arms), *_looks(n_arms), *_losses(), *_strategies(n_tunings)]


def _families(n_arms: int) -> Iterator[str]:
    rows = calibration()["families"]
    equal = _most_seeds(_like(n_arms, [row for row in rows if set(row["arms"].split(", ")) == {"0"}]))
    yield (
        f"All planned seeds in, {_number(equal)} equal arms, n = {equal['n']}: some pair falsely better "
        f"in {equal['false_better']:.1%} of {equal['studies']:,} studies."
    )
    apart = _most_seeds(_like(n_arms, [row for row in rows if "0.1" in row["arms"]]))
    yield (
        f"Of {_number(apart)} arms, some apart by exactly the margin, n = {apart['n']}: some pair falsely equivalent "
        f"in {apart['false_equivalent']:.1%}; with each pair's own 95% interval it would be "
        f"{apart['uncorrected_equivalent']:.1%}."
    )


def _looks(n_arms: int) -> Iterator[str]:
    rows = calibration()["looking"]
    (equal,) = _like(n_arms, [row for row in rows if set(row["arms"].split(", ")) == {"0"}])
    yield (
        f"{_number(equal).capitalize()} equal arms looked at after every seed from the sixth to the twentieth: some "
        f"look calls a pair better in {equal['naive']:.1%} by the test for one look, in {equal['false']:.1%} by the "
        f"rule for looks, whose intervals hold the truth in {equal['covers']:.1%}; a sweep that stops when it is sure "
        f"then trains {equal['runs']:.0f} runs of {20 * len(equal['arms'].split(', '))}."
    )


def _losses() -> Iterator[str]:
    worst = _most_seeds([row for row in calibration()["losses"] if row["loses"] == "its worst 30%"])
    yield (
        f"An arm that is equal to another and loses its worst 30% of {worst['n']} runs is called better in "
        f"{worst['in_two_parts']:.1%} of studies; by its survivors alone it would be {worst['by_survivors']:.1%}."
    )


def _strategies(n_tunings: int) -> Iterator[str]:
    """Say how often two strategies that are equal are told apart because their tunings chose by chance."""
    if not n_tunings:
        return
    rows = calibration()["strategies"]
    nearest = min({row["tunings"] for row in rows}, key=lambda n: abs(n - n_tunings))
    row = _most_seeds([row for row in rows if row["tunings"] == nearest], "seeds")
    how = "by one tuning of 24 trials" if nearest == 1 else f"by {nearest} tunings of {24 // nearest} trials"
    yield (
        f"Two equal strategies whose responses to their parameters are rough, compared {how} and {row['seeds']} seeds "
        f"an arm: told apart in {row['told_apart']:.1%} of {row['studies']:,} studies"
        + (", because seeds say nothing of what another tuning would have chosen." if nearest == 1 else ".")
    )


def _like(n_arms: int, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows whose number of arms is nearest."""
    counts = {len(row["arms"].split(", ")) for row in rows}
    nearest = min(counts, key=lambda count: abs(count - n_arms))
    return [row for row in rows if len(row["arms"].split(", ")) == nearest]


def _most_seeds(rows: list[Mapping[str, Any]], key: str = "n") -> Mapping[str, Any]:
    return max(rows, key=lambda row: int(row[key]))


def _number(row: Mapping[str, Any]) -> str:
    return {2: "two", 3: "three", 8: "eight"}[len(row["arms"].split(", "))]
