"""What numbers allow to say: looks at a growing study, breakdowns. Numbers in, numbers out; no experiment, no files."""

from sweeps.decision.breakdowns import Breakdowns, binomial_p, share_interval
from sweeps.decision.looks import (
    LEAST_CHANCE,
    LEAST_PAIRS,
    MISS,
    MOST_BLOCKS,
    Ends,
    Look,
    Word,
    anytime_evidence,
    anytime_interval,
    asks_for_more,
    chance_of_word,
    first_word,
    look_constant,
    look_interval,
    read_word,
)
from sweeps.decision.pairs import Block, Pairs, PairState, Plan, look_at_pair, pairs_of

__all__ = [
    "LEAST_CHANCE",
    "LEAST_PAIRS",
    "MISS",
    "MOST_BLOCKS",
    "Block",
    "Breakdowns",
    "Ends",
    "Look",
    "PairState",
    "Pairs",
    "Plan",
    "Word",
    "anytime_evidence",
    "anytime_interval",
    "asks_for_more",
    "binomial_p",
    "chance_of_word",
    "first_word",
    "look_at_pair",
    "look_constant",
    "look_interval",
    "pairs_of",
    "read_word",
    "share_interval",
]
