"""The rule that gives a pair of arms its word, and what stands beside the word: chances, and what more seeds would buy.

How words are read depends on what was planned and when it was looked:

- all planned seeds are in, as many as at the first look: paired t tests by Holm, both for a difference and, as two
  one-sided tests of the margin (Schuirmann 1987), for equivalence;
- `stop: sure`: the interval for all pairs and all looks (`sweeps.decision`), at the first look that gives a word;
- planned seeds are still to come: that interval, and no word;
- seeds were added after a look: the interval that holds whenever one looks.

Under six pairs there is no word. A winner that broke down at more seeds than its loser keeps the word only where the
sign test with breakdowns ranked worst agrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy.special import stdtr, stdtrit

from sweeps.decision import (
    LEAST_PAIRS,
    MOST_BLOCKS,
    Breakdowns,
    Ends,
    anytime_interval,
    chance_of_word,
    first_word,
    look_interval,
    read_word,
)
from sweeps.report.comparison.results import Chances, Verdict, WordChance
from sweeps.report.statistics import ALPHA, Paired, SignTest, holm

#: How words are read.
Reading = Literal["planned", "looks", "so far", "anytime"]

#: More seeds whose chance of a word is told.
MORE_SEEDS = (2, 5, 10)


@dataclass(frozen=True)
class Rule:
    """How the words of a study are read."""

    reading: Reading
    planned: int  # seeds
    first_planned: int  # seeds, at the first look
    n_pairs: int
    margin: float | None
    sign: int  # +1 where more is better


@dataclass(frozen=True)
class Decision:
    """A word, the interval for all pairs (and looks), and after how many seeds; `why` says what keeps it undecided.

    Where there are looks the word is read off the interval; else Holm's steps may give one a little earlier.
    """

    verdict: Verdict
    interval: Ends | None
    n: int
    why: str = ""


def decide_pairs(rule: Rule, tests: Sequence[Paired], differences: Sequence[Sequence[float]]) -> list[Decision]:
    """Return the word of each pair, before breakdowns are looked at; differences are in the order of their seeds."""
    if rule.reading == "planned":
        unequal, equal = holm([test.p for test in tests]), holm([equivalence_p(test, rule.margin) for test in tests])
        return [_planned(rule, *each) for each in zip(tests, unequal, equal, strict=True)]
    return [_looked(rule, d) for d in differences]


def equivalence_p(test: Paired, margin: float | None) -> float | None:
    """Return twice the larger p of the two one-sided tests: below 0.05 where the 95% interval lies in the margin."""
    if margin is None or test.difference is None or test.sd is None:
        return None
    distance = margin - abs(test.difference)
    if test.is_constant:
        return 2.0 ** (1 - test.n) if distance > 0 else 1.0
    return min(1.0, 2 * float(stdtr(test.n - 1, -distance / (test.sd / test.n**0.5))))


def _planned(rule: Rule, test: Paired, unequal: float | None, equal: float | None) -> Decision:
    together = interval_for_all(test, rule.n_pairs)
    if test.n < LEAST_PAIRS or test.difference is None:
        return Decision("undecided", together, test.n, _too_few(test.n))
    if unequal is not None and unequal < ALPHA:
        return Decision("better" if rule.sign * test.difference > 0 else "worse", together, test.n)
    return Decision("equivalent" if equal is not None and equal < ALPHA else "undecided", together, test.n)


def interval_for_all(test: Paired, n_pairs: int) -> Ends | None:
    """Return the t interval that is so wide that those of all pairs hold in 19 of 20 studies (Bonferroni)."""
    if test.difference is None or test.sd is None:
        return None
    half = float(stdtrit(test.n - 1, 1 - ALPHA / 2 / n_pairs)) * test.sd / test.n**0.5
    return test.difference - half, test.difference + half


def _looked(rule: Rule, differences: Sequence[float]) -> Decision:
    n, planned = len(differences), max(rule.planned, LEAST_PAIRS)
    if n < LEAST_PAIRS:
        return Decision("undecided", None, n, _too_few(n))
    if rule.reading == "looks" and planned <= MOST_BLOCKS:
        look = first_word(differences, planned, rule.n_pairs, rule.margin)
        assert look is not None, n
        return Decision(_verdict(look.word, rule.sign), look.interval, look.n)
    if rule.reading == "so far":
        interval = look_interval(differences, max(planned, n), rule.n_pairs) if max(planned, n) <= MOST_BLOCKS else None
        return Decision("undecided", interval, n, "not all planned seeds are in")
    interval = anytime_interval(differences, ALPHA / rule.n_pairs)
    return Decision(_verdict(read_word(interval, rule.margin), rule.sign), interval, n)


def _verdict(word: str, sign: int) -> Verdict:
    if word in ("above", "below"):
        return "better" if (word == "above") == (sign > 0) else "worse"
    return "equivalent" if word == "equivalent" else "undecided"


def _too_few(n: int) -> str:
    return f"fewer than {LEAST_PAIRS} pairs" if n else ""


def weigh_breakdowns(decision: Decision, breakdowns: Breakdowns, with_lost: SignTest | None) -> Decision:
    """Return a decision that a winner keeps in spite of its breakdowns, or one that it does not."""
    if decision.verdict not in ("better", "worse"):
        return decision
    winners, losers = (breakdowns.a, breakdowns.b) if decision.verdict == "better" else (breakdowns.b, breakdowns.a)
    if winners <= losers:  # a loser that broke down more often was flattered by its survivors
        return decision
    a_wins = decision.verdict == "better"
    if with_lost is not None and with_lost.p < ALPHA and (with_lost.n_a > with_lost.n_b) == a_wins:
        return decision
    why = f"better where it trained, broke down at {winners} of {breakdowns.n} seeds ({losers} of {breakdowns.n})"
    return Decision("undecided", decision.interval, decision.n, why)


def chances_of(test: Paired, margin: float | None, sign: int) -> Chances | None:
    """Return how likely a is worse by more than the margin, within it, and better by more (flat prior, Student t)."""
    if test.sd is None or test.difference is None or test.is_constant:
        return None
    se, gain, room = test.sd / test.n**0.5, sign * test.difference, margin or 0.0
    worse, better = (float(stdtr(test.n - 1, (side * gain - room) / se)) for side in (-1, 1))
    return Chances(worse, max(0.0, 1 - worse - better), better)


def word_chances(rule: Rule, differences: Sequence[float], hours_per_seed: float | None) -> tuple[WordChance, ...]:
    """Return the chance of a word after a few more seeds of an open pair, each with its device hours."""
    n = len(differences)
    found = []
    for more in MORE_SEEDS:
        at = n + more
        if at < LEAST_PAIRS or at > MOST_BLOCKS or (rule.reading in ("looks", "so far") and at > rule.planned):
            continue
        planned = rule.planned if rule.reading in ("looks", "so far") else at
        chance = chance_of_word(differences, at, max(planned, LEAST_PAIRS), rule.n_pairs, rule.margin)
        if chance is not None:
            found.append(WordChance(more, chance, None if hours_per_seed is None else more * hours_per_seed))
    return tuple(found)
