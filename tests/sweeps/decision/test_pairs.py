"""Which pairs ask on: words, futility, breakdowns, and what holds once blocks were added."""

import random
from typing import Any

import pytest

from sweeps.decision.looks import first_word
from sweeps.decision.pairs import Block, Pairs, PairState, Plan, look_at_pair, pairs_of

CLEAR = [0.9, 1.1, 1.0, 0.85, 1.2, 0.95]  # for looks at one pair, N = 20: 0.686307 to 1.313693
EFFECT = [0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33]
EQUAL = [0.12, -0.31, 0.22, -0.08, 0.35, -0.27, 0.05, -0.19, 0.28, -0.14]


def ends(differences: list[float | None], b_broken: tuple[int, ...] = ()) -> dict[str, list[Block]]:
    """b at 20 dB, a so much more; None: a broke down."""
    a: list[Block] = [[None if d is None else 20 + d] for d in differences]
    return {"a": a, "b": [[None if i in b_broken else 20.0] for i in range(len(differences))]}


def look(differences: list[float | None], margin: float | None = 0.1, **more: Any) -> PairState:
    plan = Plan(20, 1, margin, more.pop("sign", 1), more.pop("is_as_planned", True))
    return look_at_pair("a", "b", ends(differences, **more), plan)


def test_words_and_chances_are_those_of_the_rule() -> None:
    state = look(list(CLEAR))
    assert (state.word, state.n, state.asks, state.broken) == ("above", 6, False, (0, 0))
    assert state.interval == pytest.approx((0.686307, 1.313693), abs=2e-4)
    state = look(list(EQUAL))
    assert (state.word, state.asks) == ("undecided", False)
    assert state.chance == pytest.approx(0.0346, abs=5e-4)
    assert look(list(EFFECT[:5])).asks  # no word under six pairs, and none is despaired of


def test_a_breakdown_leaves_its_pair_and_is_counted_beside() -> None:
    state = look([*CLEAR[:3], None, *CLEAR[3:]])
    assert (state.n, state.broken) == (6, (1, 0))
    assert state.difference == pytest.approx(1.0)
    # a won at 6 and broke down at 1: p = 0.125, so a is not called better and the pair asks on
    assert (state.word, state.asks) == ("undecided", True)
    # the loser broke down: its survivors flattered it
    state = look([*CLEAR, 0.9], b_broken=(6,))
    assert (state.word, state.asks, state.broken) == ("above", False, (0, 1))
    # 10 to 1: p = 0.0117
    state = look([*EFFECT, None])
    assert (state.word, state.asks, state.broken) == ("above", False, (1, 0))


def test_less_may_be_better() -> None:
    state = look([-d for d in CLEAR] + [None], sign=-1)  # a is better, and broke down once
    assert (state.word, state.asks) == ("undecided", True)
    state = look([*CLEAR, None], sign=-1)  # a is worse, and broke down once
    assert (state.word, state.asks) == ("above", False)


def test_seeds_of_a_tuning_are_averaged_where_both_trained() -> None:
    both = {"a": [[21.0, None], [21.5, 22.5]], "b": [[20.0, 10.0], [20.0, 20.0]]}
    state = look_at_pair("a", "b", both, Plan(6, 1, None, 1))
    assert (state.n, state.difference, state.broken) == (2, pytest.approx((1.0 + 2.0) / 2), (1, 0))


def test_blocks_added_after_a_look_are_judged_by_what_holds_at_any_time() -> None:
    # the planted case: read off looks planned for 20 undecided, at any time at 10 0.130705 to 0.489295
    state = look(list(EFFECT), is_as_planned=False)
    assert state.interval == pytest.approx((0.130705, 0.489295), abs=1e-6)
    assert (state.word, state.chance, state.asks) == ("above", None, False)
    assert look(list(EQUAL), is_as_planned=False).asks  # nobody despairs of it: it was asked for


def test_what_has_closed_stays_closed() -> None:
    pairs, plan = Pairs(["b", "a"]), Plan(20, 1, 0.1, 1)
    assert pairs_of(["x", "y", "z"]) == [("y", "x"), ("z", "x"), ("z", "y")]
    assert pairs.asking == {"a", "b"}
    closed = pairs.look(ends(list(CLEAR)), plan)
    assert pairs.asking == set()
    assert pairs.look(ends([*CLEAR, -9.0, -9.0]), plan) == closed


def test_an_arm_trains_while_one_of_its_pairs_asks() -> None:
    generator = random.Random(1)
    noise = {arm: [generator.gauss(0, 0.1) for _ in range(8)] for arm in "abc"}
    mean = {"a": 20.0, "b": 20.2, "c": 23.0}
    scores = {arm: [[mean[arm] + x] for x in noise[arm]] for arm in "abc"}
    pairs, plan = Pairs(list("abc")), Plan(20, 3, 0.1, 1)
    states = {(s.a, s.b): s for s in pairs.look({arm: scores[arm][:6] for arm in "abc"}, plan)}
    assert {pair for pair, state in states.items() if state.asks} == {("b", "a")}
    assert pairs.asking == {"a", "b"}  # c is spared, and its differences are asked for no more
    pairs.look({arm: scores[arm][:7] for arm in "ab"}, plan)


def test_equal_arms_are_rarely_told_apart_at_any_look() -> None:
    generator, false, n_blocks = random.Random(2), 0, []
    for _ in range(300):
        a, b = ([[20 + generator.gauss(0, 0.3)] for _ in range(12)] for _ in "ab")
        pairs, plan = Pairs(["b", "a"]), Plan(12, 1, None, 1)
        for n in range(6, 13):
            (state,) = pairs.look({"a": a[:n], "b": b[:n]}, plan)
            if not state.asks:
                break
        word = first_word([x[0] - y[0] for x, y in zip(a[:n], b[:n], strict=True)], 12, 1, None)
        assert word is not None
        assert word.word == state.word
        false += state.word != "undecided"
        n_blocks.append(n)
    assert false <= 27  # 5% of 300 is 15, and 27 is its upper 99.8% quantile
    assert sum(n_blocks) / 300 < 9  # most stop long before twelve
