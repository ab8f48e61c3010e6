"""Which pairs of arms still ask for another block, by what every arm's runs ended with, block by block.

A block is a seed in every arm, or a tuning of every arm and the seeds that confirm what it chose. A pair's difference
in a block is the mean over the seeds at which both arms trained; a run that broke down is counted beside. A pair that
has its word, or less than LEAST_CHANCE of one by the last planned block, asks for no more, and stays so. A word for an
arm that broke down at more seeds than the other needs the sign test with breakdowns ranked worst to agree; until then
the pair asks on, because a sweep that stops early looks away before the next breakdown.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from sweeps.decision.breakdowns import binomial_p
from sweeps.decision.looks import (
    LEAST_PAIRS,
    MISS,
    Ends,
    Word,
    anytime_interval,
    asks_for_more,
    chance_of_word,
    first_word,
    read_word,
)

#: What one arm's runs of a block ended with, in the order of the seeds: a score, or None for a breakdown.
Block = Sequence[float | None]


@dataclass(frozen=True)
class Plan:
    """What was planned before the first look."""

    blocks: int  # the last planned one
    n_pairs: int
    margin: float | None
    sign: int  # +1 where more is better
    is_as_planned: bool = True  # False once blocks were added after a look: then what holds at any time decides


@dataclass(frozen=True)
class PairState:
    """A pair of arms at a look; differences are a minus b.

    `n` counts the blocks in which the pair has a difference, `broken` the seeds at which each arm broke down. `chance`
    is that of a word by the last planned block; None with fewer than two differences, or where blocks were added.
    """

    a: str
    b: str
    n: int
    difference: float | None
    interval: Ends | None
    word: Word
    chance: float | None
    broken: tuple[int, int]
    asks: bool


def pairs_of(arms: Sequence[str]) -> list[tuple[str, str]]:
    """Return every two arms, the later one first, as the report names them."""
    return [(a, b) for b, a in itertools.combinations(arms, 2)]


def look_at_pair(a: str, b: str, ends: Mapping[str, Sequence[Block]], plan: Plan) -> PairState:
    """Return how a pair stands after some blocks, in the order in which they were planned."""
    shared = [list(zip(x, y, strict=True)) for x, y in zip(ends[a], ends[b], strict=True)]
    by_seed = [[x - y for x, y in block if x is not None and y is not None] for block in shared]
    differences = [fmean(each) for each in by_seed if each]
    n = len(differences)
    word: Word
    if plan.is_as_planned:
        look = first_word(differences, plan.blocks, plan.n_pairs, plan.margin)
        interval, word = (look.interval, look.word) if look is not None else (None, read_word(None, plan.margin))
        chance = chance_of_word(differences, plan.blocks, plan.blocks, plan.n_pairs, plan.margin)
        asks = asks_for_more(differences, plan.blocks, plan.n_pairs, plan.margin)
    else:
        interval = anytime_interval(differences, MISS / plan.n_pairs) if n >= LEAST_PAIRS else None
        word, chance = read_word(interval, plan.margin), None
        asks = word == "undecided" and n < plan.blocks
    broken = (_broken(shared, 0), _broken(shared, 1))
    if word in ("above", "below") and not _outweighs(word, shared, broken, plan.sign):
        word, asks = "undecided", n < plan.blocks
    return PairState(a, b, n, fmean(differences) if n else None, interval, word, chance, broken, asks)


def _broken(shared: Sequence[Sequence[tuple[float | None, float | None]]], side: int) -> int:
    return sum(seed[side] is None for block in shared for seed in block)


def _outweighs(
    word: Word, shared: Sequence[Sequence[tuple[float | None, float | None]]], broken: tuple[int, int], sign: int
) -> bool:
    """Return whether the better arm of a pair is so in spite of its breakdowns."""
    a_wins = (word == "above") == (sign > 0)
    winner, loser = broken if a_wins else broken[::-1]
    if winner <= loser:
        return True
    won = lost = 0
    for x, y in (seed if a_wins else seed[::-1] for block in shared for seed in block):
        won += (x is not None) and (y is None or sign * (x - y) > 0)
        lost += (y is not None) and (x is None or sign * (x - y) < 0)
    return won > lost and binomial_p(won, lost) < MISS


class Pairs:
    """Every pair of arms, looked at block after block; what has closed stays closed.

    Args:
        arms: in display order.
        closed: pairs that closed with a word before blocks were added to the plan.
    """

    def __init__(self, arms: Sequence[str], closed: Iterable[PairState] = ()) -> None:
        self.states: dict[tuple[str, str], PairState | None] = dict.fromkeys(pairs_of(arms))
        self.states |= {(state.a, state.b): state for state in closed}

    def look(self, ends: Mapping[str, Sequence[Block]], plan: Plan) -> list[PairState]:
        """Look at the pairs that ask after some blocks; return how all stand, the closed ones as they closed.

        Args:
            ends: arm -> its blocks so far, as many for every arm of a pair that asks.
            plan: what was planned.
        """
        for (a, b), before in self.states.items():
            if before is None or before.asks:
                self.states[a, b] = look_at_pair(a, b, ends, plan)
        return [state for state in self.states.values() if state is not None]

    @property
    def asking(self) -> set[str]:
        """The arms of which some pair asks."""
        return {arm for pair, state in self.states.items() if state is None or state.asks for arm in pair}
