"""Studies whose answer is worked out elsewhere, through the command: numbers to 1e-9 by scipy, and the word.

Six-digit numbers are of an independent review of the report; scipy gives the rest.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test, t, ttest_1samp

from sweeps.doors.analyze_command import report
from tests.sweeps.report.exact_study import ExactStudy, above, baseline

EFFECT = [0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33]
EQUAL = [0.12, -0.31, 0.22, -0.08, 0.35, -0.27, 0.05, -0.19, 0.28, -0.14]
SAME = [0.05, -0.04, 0.02, -0.06, 0.07, 0.01, -0.03, 0.04, -0.05, 0.03]
WITHIN = [0.03, 0.05, 0.01, 0.04, 0.02, 0.06, 0.03, 0.02, 0.05, 0.01]
BEYOND = [0.9, 1.1, 1.0, 0.85, 1.2, 0.95]
LOOKED = [0.55, 0.02, -0.04, 0.10, 0.32, 0.27, -0.03, 0.06, 0.30, 0.09, 0.41, -0.01, -0.10, 0.13, -0.15, -0.20, -0.37]
LOOKED += [-0.64, 0.04, -0.15]


def said(study: ExactStudy, folder: Path) -> dict[str, Any]:
    """Write the study, run the command on it, and return its verdict.json."""
    report([study.write(folder)], None, paper=False, pictures=False)
    return json.loads((folder / "report" / "verdict.json").read_text())


def pair_of(verdict: dict[str, Any], a: str = "b", b: str = "a") -> dict[str, Any]:
    (pair,) = [pair for pair in verdict["pairs"] if (pair["a"], pair["b"]) == (a, b)]
    return pair


def two_arms(differences: Sequence[float], **changes: Any) -> ExactStudy:
    return ExactStudy({"a": baseline(len(differences)), "b": above(differences)}, **changes)


def check_numbers(pair: dict[str, Any], differences: Sequence[float], *, exact: bool = True) -> None:
    """The pair's mean, interval, p and exact sign-flip p are scipy's, to 1e-9."""
    test = ttest_1samp(differences, 0.0)
    assert pair["n"] == len(differences)
    assert pair["difference"] == pytest.approx(np.mean(differences), abs=1e-9)
    assert pair["interval"] == pytest.approx(list(test.confidence_interval(0.95)), abs=1e-9)
    assert pair["p"] == pytest.approx(test.pvalue, abs=1e-9)
    if exact:
        flips = permutation_test((np.array(differences),), np.mean, permutation_type="samples", n_resamples=np.inf)
        assert pair["sign_flip_p"] == pytest.approx(flips.pvalue, abs=1e-9)


#: Name -> differences, what the review printed of them (n, mean, interval, p, sign-flip p), word, size.
CASES = {
    "effect": (EFFECT, (10, 0.31, 0.205189, 0.414811, 8.94678e-5, 0.00195312), "better", "beyond"),
    "equal": (EQUAL, (10, 0.003, -0.165140, 0.171140, 0.968686, 0.980469), "undecided", ""),
    "mean-zero": ([0.25, -0.25] * 4, (8, 0.0, -0.223436, 0.223436, 1.0, 1.0), "undecided", ""),
    "n2": ([0.5, 0.501], (2, 0.5005, 0.494147, 0.506853, 6.35984e-4, 0.5), "undecided", None),
    "n3": ([0.31, 0.30, 0.32], (3, 0.31, 0.285159, 0.334841, 3.46681e-4, 0.25), "undecided", None),
    "equivalent": (SAME, (10, 0.004, -0.028730, 0.036730, 0.788435, 0.833984), "equivalent", "within"),
    "better-within": (WITHIN, (10, 0.032, 0.019473, 0.044527, 2.66561e-4, 0.00195312), "better", "within"),
    "better-beyond": (BEYOND, (6, 1.0, 0.863170, 1.136830, 7.86962e-6, 0.03125), "better", "beyond"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_look_at_all_planned_seeds(tmp_path: Path, case: str) -> None:
    differences, (n, mean, low, high, p, flip_p), word, size = CASES[case]
    verdict = said(two_arms(differences), tmp_path / "study")
    pair = pair_of(verdict)
    check_numbers(pair, differences)
    told = (pair["n"], pair["difference"], *pair["interval"], pair["p"], pair["sign_flip_p"])
    assert told == pytest.approx((n, mean, low, high, p, flip_p), rel=2e-6, abs=1e-6)
    assert pair["verdict"] == word
    if size is not None:
        assert pair["size"] == size


def test_equal_arms_have_a_chance_of_a_word_of_three_in_a_hundred(tmp_path: Path) -> None:
    pair = pair_of(said(two_arms(EQUAL), tmp_path / "study"))
    chances = {chance["seeds"]: chance for chance in pair["word_chances"]}
    assert list(chances) == [2, 5, 10]
    assert chances[10]["chance"] == pytest.approx(0.0346, abs=1e-4)
    assert chances[10]["device_hours"] == pytest.approx(10 * 2 * 0.5, abs=1e-9)


def test_how_much_better_is_said_in_the_first_line(tmp_path: Path) -> None:
    lines = {name: said(two_arms(CASES[name][0]), tmp_path / name)["headline"] for name in CASES}
    assert "b is better than a by 1.00 dB, more than the declared margin of 0.1 dB" in lines["better-beyond"]
    assert ", less than the declared margin of 0.1 dB" in lines["better-within"]
    between = said(two_arms([d / 2 for d in EFFECT], margin=0.15), tmp_path / "between")
    assert pair_of(between)["verdict"] == "better"
    assert "declared margin" not in between["headline"]


def test_three_chances_of_an_effect(tmp_path: Path) -> None:
    chances = pair_of(said(two_arms(EFFECT), tmp_path / "study"))["chances"]
    percent = [round(100 * chances[key], 1) for key in ("better", "no_difference", "worse")]
    assert percent == [99.9, 0.1, 0.0]
    assert sum(chances.values()) == pytest.approx(1.0, abs=1e-9)


def test_one_seed(tmp_path: Path) -> None:
    pair = pair_of(said(two_arms([0.3]), tmp_path / "study"))
    assert (pair["n"], pair["interval"], pair["verdict"]) == (1, None, "undecided")


def test_two_equal_differences_are_not_equivalence(tmp_path: Path) -> None:
    pair = pair_of(said(two_arms([0.05, 0.05]), tmp_path / "study"))
    assert (pair["n"], pair["p"], pair["sign_flip_p"], pair["verdict"]) == (2, 0.5, 0.5, "undecided")


def test_arms_that_are_identical_are_equivalent_and_the_seed_is_suspected(tmp_path: Path) -> None:
    verdict = said(two_arms([0.0] * 8), tmp_path / "study")
    pair, levels = pair_of(verdict), {check["title"]: check["level"] for check in verdict["guards"]}
    assert (pair["n"], pair["difference"], pair["p"], pair["sign_flip_p"]) == (8, 0.0, 1.0, 1.0)
    assert (pair["verdict"], levels["The seed matters"]) == ("equivalent", "warn")


#: Ways in which b breaks down at its fourth seed.
BREAKDOWNS = {
    "lost": {"statuses": {("b", 3): "diverged"}},
    "finite-crash": {"flagged": frozenset({("b", 3)})},
    "nan": {},
}


def broken(case: str) -> ExactStudy:
    scores: list[float | None] = list(above(EFFECT))
    scores[3] = {"lost": None, "finite-crash": 21.1 - 15, "nan": math.nan}[case]
    return ExactStudy({"a": baseline(10), "b": scores}, **BREAKDOWNS[case])  # type: ignore[arg-type]


@pytest.mark.parametrize("case", BREAKDOWNS)
def test_a_breakdown_is_one_whatever_it_left_behind(tmp_path: Path, case: str) -> None:
    verdict = said(broken(case), tmp_path / "study")
    pair, trained = pair_of(verdict), EFFECT[:3] + EFFECT[4:]
    check_numbers(pair, trained)
    assert pair["interval"] == pytest.approx([0.205144, 0.437078], abs=1e-6)
    assert (pair["p"], pair["sign_flip_p"]) == (pytest.approx(2.12442e-4, rel=2e-6), pytest.approx(0.00390625))
    assert pair["verdict"] == "better"
    assert pair["breakdowns"] == {"n": 10, "a": 1, "b": 0, "p": 1.0}  # the pair's a is the later arm, b
    ranked = pair["with_lost"]
    assert (ranked["n_a"], ranked["n_b"]) == (9, 1)
    assert ranked["p"] == pytest.approx(binomtest(1, 10).pvalue, abs=1e-9)
    assert ranked["p"] == pytest.approx(0.0215, abs=1e-4)
    assert "where both trained" in verdict["headline"]
    assert "broke down: a at 0 of 10 (at most 26%) and b at 1 of 10" in verdict["headline"]


def test_a_mean_over_everything_stands_beside(tmp_path: Path) -> None:
    everything = pair_of(said(broken("finite-crash"), tmp_path / "study"))["everything"]
    assert (everything["n"], everything["difference"]) == (10, pytest.approx(-1.211, abs=1e-9))
    assert everything["interval"] == pytest.approx([-4.678369, 2.256369], abs=1e-6)


def test_a_winner_that_breaks_down_more_often_has_no_word(tmp_path: Path) -> None:
    lost = (1, 3, 5, 8)
    scores = [None if i in lost else score for i, score in enumerate(above(EFFECT))]
    study = ExactStudy({"a": baseline(10), "b": scores}, statuses={("b", i): "diverged" for i in lost})
    verdict = said(study, tmp_path / "study")
    pair = pair_of(verdict)
    check_numbers(pair, [d for i, d in enumerate(EFFECT) if i not in lost])
    assert pair["interval"] == pytest.approx([0.199986, 0.533348], abs=1e-6)
    assert (pair["p"], pair["sign_flip_p"]) == (pytest.approx(0.00240271, abs=1e-8), pytest.approx(0.03125))
    assert pair["verdict"] == "undecided"
    assert (pair["with_lost"]["n_a"], pair["with_lost"]["n_b"]) == (6, 4)
    assert pair["with_lost"]["p"] == pytest.approx(0.754, abs=1e-3)
    assert "better where it trained, broke down at 4 of 10 seeds (0 of 10)" in verdict["headline"]


def test_a_loser_that_breaks_down_more_often_stays_the_loser(tmp_path: Path) -> None:
    scores: list[float | None] = list(baseline(10))
    scores[3] = None
    study = ExactStudy({"a": scores, "b": above(EFFECT)}, statuses={("a", 3): "failed"})
    assert pair_of(said(study, tmp_path / "study"))["verdict"] == "better"


def test_a_study_that_collapsed_everywhere_is_void(tmp_path: Path) -> None:
    verdict = said(two_arms(EFFECT, kl={"a": 0.001, "b": 0.001}), tmp_path / "study")
    assert verdict["void"]
    assert verdict["headline"].startswith("Void: ")
    assert "By the numbers alone: b is better than a by 0.31 dB" in verdict["headline"]
    check_numbers(pair_of(verdict), EFFECT)


def test_two_of_three_arms_that_collapsed_are_a_void_pair(tmp_path: Path) -> None:
    scores = {"a": baseline(10), "b": above(BEYOND + BEYOND[:4]), "c": above([2 * d for d in EFFECT])}
    verdict = said(ExactStudy(scores, kl={"a": 0.001, "b": 0.001, "c": 4.0}), tmp_path / "study")
    assert not verdict["void"]
    assert {(p["a"], p["b"]): p["void"] for p in verdict["pairs"]} == {
        ("b", "a"): True,
        ("c", "a"): False,
        ("c", "b"): False,
    }
    assert "b is better than a" not in verdict["headline"].replace("by the numbers alone, b is better than a", "")
    assert "b against a is void" in verdict["headline"]


def test_a_sweep_that_is_not_over_has_no_word(tmp_path: Path) -> None:
    b: list[float | None] = [None if i in (5, 6) else score for i, score in enumerate(above(EFFECT))]
    a: list[float | None] = [None if i == 1 else score for i, score in enumerate(baseline(10))]
    verdict = said(ExactStudy({"a": a, "b": b}), tmp_path / "study")
    pair = pair_of(verdict)
    check_numbers(pair, [d for i, d in enumerate(EFFECT) if i not in (1, 5, 6)])
    assert (pair["n"], pair["verdict"], verdict["seeds"]["complete"]) == (7, "undecided", False)
    assert verdict["headline"].startswith("So far, with 17 of 20 confirm runs: ")
    assert "better" not in verdict["headline"]


def test_a_mean_of_zero_is_no_reason_for_a_thousand_seeds(tmp_path: Path) -> None:
    verdict = said(two_arms([0.25, -0.25] * 4), tmp_path / "study")
    assert "1000" not in verdict["headline"]
    assert all(0 <= chance["chance"] < 0.1 for chance in pair_of(verdict)["word_chances"])


def test_seeds_that_were_added_after_a_look_are_seen(tmp_path: Path) -> None:
    folder, verdicts = tmp_path / "study", {}
    for n in (6, 9, 20):
        verdicts[n] = said(two_arms(LOOKED[:n]), folder)
        check_numbers(pair_of(verdicts[n]), LOOKED[:n], exact=n < 20)
    printed = {6: (0.0728781,), 9: (0.0319104, 0.019125, 0.325319), 20: (0.627111, -0.097160, 0.157160)}
    for n, (p, *interval) in printed.items():
        assert pair_of(verdicts[n])["p"] == pytest.approx(p, abs=1e-6)
        assert (
            pair_of(verdicts[n])["interval"][: len(interval)] == pytest.approx(interval or [], abs=1e-6) or not interval
        )
    assert [pair_of(verdict)["verdict"] for verdict in verdicts.values()] == ["undecided"] * 3
    # From the second look on the interval holds whenever one looks.
    assert pair_of(verdicts[9])["decided_interval"] == pytest.approx([-0.094742, 0.439187], abs=1e-6)
    assert pair_of(verdicts[20])["looks"] == [[6, "undecided"], [9, "undecided"], [20, "undecided"]]
    assert verdicts[20]["seeds"]["planned_at_first_look"] == 6
    assert "6 were planned at the first look" in verdicts[20]["headline"]


def test_looks_that_were_planned_have_an_interval_for_all_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    for n in (6, 9):
        verdict = said(two_arms(LOOKED[:n], planned=20, stop="sure"), folder)
    pair = pair_of(verdict)
    assert pair["decided_interval"] == pytest.approx([-0.080091, 0.424536], abs=1e-6)
    assert pair["verdict"] == "undecided"
    assert verdict["headline"].startswith("So far, with 18 of at most 40 confirm runs: ")


@pytest.mark.parametrize(
    ("differences", "interval", "word"),
    [
        (BEYOND, (0.686307, 1.313693), "better"),
        (EFFECT, (0.146994, 0.473006), "better"),
        (SAME, (-0.046903, 0.054903), "equivalent"),
        (EQUAL, (-0.258499, 0.264499), "undecided"),
    ],
    ids=["better-beyond", "effect", "equivalent", "equal"],
)
def test_a_sweep_that_stops_when_it_is_sure(
    tmp_path: Path, differences: list[float], interval: tuple[float, float], word: str
) -> None:
    verdict = said(two_arms(differences, planned=20, stop="sure"), tmp_path / "study")
    pair = pair_of(verdict)
    assert pair["verdict"] == word
    if pair["decided_at"] == len(differences):
        assert pair["decided_interval"] == pytest.approx(interval, abs=1e-6)
    assert not verdict["headline"].startswith("So far")  # no pair asks for more: it is over


def test_a_lucky_trial_moves_nothing_but_the_shrinkage(tmp_path: Path) -> None:
    confirmed = float(np.mean(above(EQUAL)))
    tune = {"a": [20.9, 21.3, 21.4], "b": [confirmed + 1.9, 21.1, 21.2]}
    plain = said(two_arms(EQUAL), tmp_path / "plain")
    lucky = said(two_arms(EQUAL, tune=tune), tmp_path / "lucky")
    assert lucky["arms"]["b"]["shrinkage"] == pytest.approx(1.9, abs=1e-9)
    check_numbers(pair_of(lucky), EQUAL)
    assert pair_of(lucky)["verdict"] == pair_of(plain)["verdict"] == "undecided"


def test_sixteen_public_pairs_of_which_three_crashed(tmp_path: Path) -> None:
    # Thirteen differences with the moments of the published ones, and three crashes of a with those of all sixteen.
    shape = np.array([*EFFECT, 0.1, -0.2, 0.4])
    trained = -0.116923 + 0.592021 * (shape - shape.mean()) / shape.std(ddof=1)
    t15, half = ttest_1samp(np.arange(16.0), 0).confidence_interval, 1.384331
    sd16 = half * 4 / float((t15().high - 7.5) / (np.arange(16.0).std(ddof=1) / 4))
    total = 16 * 1.014375 - trained.sum()
    squares = 15 * sd16**2 + 16 * 1.014375**2 - (trained**2).sum()
    spread = math.sqrt((squares - total**2 / 3) / 2)  # two crashes at either side of one in the middle
    crashes = [total / 3 - spread, total / 3, total / 3 + spread]
    differences = [*trained.tolist(), *crashes]
    flagged = frozenset(("monotonic", i) for i in (13, 14, 15))
    scores = {"monotonic": [21 - (d if i > 12 else 0) for i, d in enumerate(differences)]}
    scores["cyclical"] = [21.0 if i > 12 else 21 + d for i, d in enumerate(differences)]
    verdict = said(ExactStudy(scores, flagged=flagged), tmp_path / "study")
    pair = pair_of(verdict, "cyclical", "monotonic")
    check_numbers(pair, differences[:13])
    assert pair["interval"] == pytest.approx([-0.474670, 0.240824], abs=1e-5)
    assert pair["p"] == pytest.approx(0.490013, abs=1e-5)
    everything = ttest_1samp(differences, 0.0)
    assert pair["everything"]["difference"] == pytest.approx(1.014375, abs=1e-9)
    assert pair["everything"]["interval"] == pytest.approx(list(everything.confidence_interval()), abs=1e-9)
    assert pair["everything"]["interval"] == pytest.approx([-0.369956, 2.398706], abs=1e-6)
    assert everything.pvalue == pytest.approx(0.139175, abs=1e-5)
    assert pair["breakdowns"] == {"n": 16, "a": 0, "b": 3, "p": 0.25}
    assert pair["verdict"] == "undecided"
    line = verdict["headline"]
    assert "cyclical against monotonic is undecided where both trained" in line
    assert "−0.12 dB" in line  # noqa: RUF001 - a minus sign
    assert "monotonic at 3 of 16 (4 to 46%) and cyclical at 0 of 16 (at most 17%)" in line
    assert "exact p = 0.250" in line


def test_eight_arms_have_a_first_line_that_ends(tmp_path: Path) -> None:
    rng, names = np.random.default_rng(3), "abcdefgh"
    noise = rng.normal(0, 0.19 / math.sqrt(2), (8, 10))
    scores = {name: [21 + 0.1 * k + float(x) for x in noise[k]] for k, name in enumerate(names)}
    verdict = said(ExactStudy(scores), tmp_path / "study")
    words = {(p["a"], p["b"]): p["verdict"] for p in verdict["pairs"]}
    n_decided = sum(word != "undecided" for word in words.values())
    assert 8 < n_decided < 24
    assert all(word != "worse" for word in words.values())  # the later arm is truly the better one
    assert f"{n_decided} of 28 pairs are decided" in verdict["headline"]
    leaders = [n for n in names if not any(w == "better" and b == n for (_, b), w in words.items())]
    assert f"{', '.join(leaders[:-1])} and {leaders[-1]} lead (not told apart)" in verdict["headline"]
    assert len(verdict["headline"]) < 160


def test_where_less_is_better_the_sign_is_right(tmp_path: Path) -> None:
    a = [0.01 + 0.0001 * (7 * i % 10) for i in range(10)]
    b = [x * math.exp(-d) for x, d in zip(a, EFFECT, strict=True)]
    study = ExactStudy({"a": a, "b": b}, metric="val/mse", direction="minimize", margin=None)
    verdict = said(study, tmp_path / "study")
    pair = pair_of(verdict)
    check_numbers(pair, [y - x for x, y in zip(a, b, strict=True)])
    assert (pair["verdict"], pair["difference"] < 0) == ("better", True)
    assert verdict["headline"].startswith("b is better than a by 0.00")


# One look, several pairs: corrections for how many there are.


def planted_moments(mean: float, sd: float, n: int = 10) -> list[float]:
    shape = np.random.default_rng(n).normal(size=n)
    return [float(x) for x in mean + sd * (shape - shape.mean()) / shape.std(ddof=1)]


def test_equivalence_is_corrected_for_the_number_of_pairs(tmp_path: Path) -> None:
    # Each 95% interval lies in the margin, barely; of three such pairs none is equivalent for certain.
    half = 0.1 - 0.004 - 1e-4
    sd = half * math.sqrt(10) / float(t.ppf(0.975, 9))
    b = planted_moments(0.004, sd)
    alone = pair_of(said(two_arms(b), tmp_path / "alone"))
    c = [1.0 + x for x in planted_moments(0.0, 0.3)]
    together = said(ExactStudy({"a": baseline(10), "b": above(b), "c": above(c)}), tmp_path / "together")
    assert max(map(abs, alone["interval"])) < 0.1
    assert alone["verdict"] == "equivalent"
    assert {pair_of(together, "c", x)["verdict"] for x in "ab"} == {"better"}
    both = pair_of(together)
    assert both["interval"] == pytest.approx(alone["interval"], abs=1e-9)
    assert both["verdict"] == "undecided"


def test_intervals_for_all_pairs_stand_beside_the_plain_ones(tmp_path: Path) -> None:
    scores = {"a": baseline(10), "b": above(EFFECT), "c": above(EQUAL)}
    for pair in said(ExactStudy(scores), tmp_path / "study")["pairs"]:
        d = [x - y for x, y in zip(scores[pair["a"]], scores[pair["b"]], strict=True)]
        plain = ttest_1samp(d, 0.0).confidence_interval
        assert pair["interval"] == pytest.approx(list(plain(0.95)), abs=1e-9)
        assert pair["decided_interval"] == pytest.approx(list(plain(1 - 0.05 / 3)), abs=1e-9)


@pytest.mark.parametrize(("n_arms", "seeds"), [(2, "20"), (3, "27"), (8, "41")])
def test_the_table_of_seeds_needed_has_the_level_of_the_rule(tmp_path: Path, n_arms: int, seeds: str) -> None:
    d = planted_moments(0.0, 0.3)
    scores = {"a": baseline(10), "b": above(d)} | {
        f"x{k}": above([0.5 * k + x for x in EQUAL]) for k in range(n_arms - 2)
    }
    said(ExactStudy(scores), tmp_path / "study")
    rows = (tmp_path / "study" / "report" / "tables" / "seeds_needed.csv").read_text().splitlines()
    (row,) = [row.split(",") for row in rows if row.startswith("b,a,") and ",0.2," in row]
    assert row[-1] == seeds


def test_the_effect_over_the_search_space_is_students_over_points(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    tune = {arm: rng.normal(21, 0.5, 8).tolist() for arm in "ab"}
    space = pair_of(said(two_arms(EQUAL, tune=tune), tmp_path / "study"))["over_space"]
    d = np.array(tune["b"]) - np.array(tune["a"])
    assert (space["n"], space["difference"]) == (8, pytest.approx(d.mean(), abs=1e-9))
    assert space["interval"] == pytest.approx(list(ttest_1samp(d, 0.0).confidence_interval()), abs=1e-9)


def test_a_score_that_is_no_number_is_a_breakdown_for_the_checks_too(tmp_path: Path) -> None:
    checks = {check["title"]: check for check in said(broken("nan"), tmp_path / "study")["guards"]}
    assert checks["No run broke down"]["level"] == "warn"
    assert "b 1 of 10 (10%)" in checks["No run broke down"]["detail"]


def test_collapsed_arms_do_not_lead_nor_count(tmp_path: Path) -> None:
    # a and b have collapsed, b ahead of a by a decibel; c and d live and cannot be told apart from b.
    scores = {"a": baseline(10), "b": above([1 + x for x in EFFECT])}
    scores |= {"c": above([1 + x for x in EQUAL]), "d": above([1.3 - x for x in EQUAL])}
    verdict = said(ExactStudy(scores, kl={"a": 0.001, "b": 0.001}), tmp_path / "study")
    words = {(p["a"], p["b"]): p for p in verdict["pairs"]}
    assert words["b", "a"]["void"]
    living = [pair for pair in words.values() if not pair["void"]]
    n_decided = sum(pair["verdict"] != "undecided" for pair in living)
    assert f"{n_decided} of 6 pairs are decided" in verdict["headline"]


def test_a_word_of_an_open_sweep_stays_and_is_marked_as_so_far(tmp_path: Path) -> None:
    # b - a is decided, c - a is not: the sweep goes on, and what is said is said so far.
    scores = {"a": baseline(9), "b": above([1 + x for x in EFFECT[:9]]), "c": above(LOOKED[:9])}
    verdict = said(ExactStudy(scores, planned=20, stop="sure"), tmp_path / "study")
    assert (pair_of(verdict)["verdict"], pair_of(verdict)["decided_at"]) == ("better", 6)
    assert pair_of(verdict, "c", "a")["verdict"] == "undecided"
    assert verdict["headline"].startswith("So far, with 27 of at most 60 confirm runs: ")
    assert not verdict["seeds"]["complete"]
