"""Equal strategies: several tunings rarely tell them apart, one tuning mostly does."""

from benchmarks.calibration.strategies import false_words


def test_one_tuning_tells_equal_strategies_apart_and_six_do_not() -> None:
    assert false_words(1, 12, 100)[0] > 0.4
    assert false_words(6, 12, 300)[0] <= 0.09  # 4.5% of 2,000
    assert false_words(12, 12, 200)[1] < 9  # and with looks most of twelve tunings are spared
