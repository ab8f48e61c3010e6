"""Reading ahead: in order, side by side, few in memory, and the first fault is the first."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from cvae.data.sources import Episode
from cvae.data.store.packing import PER_THREAD, n_reading_threads, read_ahead, show_packing
from cvae.errors import InputError


def episode(name: str) -> Episode:
    return Episode(name, np.zeros((1, 2, 2, 3), np.uint8), np.zeros((1, 1), np.float32), None)


@pytest.mark.parametrize("n_threads", [1, 4])
def test_episodes_come_in_order_whoever_is_first(n_threads: int) -> None:
    def reading(i: int) -> Callable[[], Episode]:
        def read() -> Episode:
            time.sleep(0.01 * (i % 3 == 0))
            return episode(str(i))

        return read

    names = [found.name for found in read_ahead([reading(i) for i in range(30)], n_threads)]
    assert names == [str(i) for i in range(30)]


def test_calls_run_side_by_side() -> None:
    # Four that wait for one another end only where all four run at once.
    barrier = threading.Barrier(4, timeout=20)

    def read() -> Episode:
        barrier.wait()
        return episode("x")

    assert len(list(read_ahead([read] * 4, 4))) == 4


def test_no_more_are_read_than_memory_is_meant_to_hold() -> None:
    n_threads, n_taken, most = 3, 0, 0
    lock, n_read = threading.Lock(), 0

    def read() -> Episode:
        nonlocal n_read
        with lock:
            n_read += 1
        return episode("x")

    for _ in read_ahead([read] * 60, n_threads):
        n_taken += 1
        time.sleep(0.002)
        most = max(most, n_read - n_taken)
    assert n_taken == 60
    assert 0 < most <= PER_THREAD * n_threads


@pytest.mark.parametrize("n_threads", [1, 4])
def test_the_first_fault_in_order_is_raised(n_threads: int) -> None:
    def fail(message: str, after_s: float) -> Callable[[], Episode]:
        def read() -> Episode:
            time.sleep(after_s)
            raise InputError(message)

        return read

    reads = [lambda: episode("a"), fail("first", 0.1), fail("second", 0.0)]
    taken = []
    with pytest.raises(InputError, match="first"):
        taken.extend(read_ahead(reads, n_threads))
    assert n_reading_threads() >= 1


def test_a_bar_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    # On no terminal there is none at all.
    shown = list(show_packing(iter([episode("a"), episode("b")]), "train", 3, 5))
    assert [found.name for found in shown] == ["a", "b"]
    assert capsys.readouterr().err == ""
