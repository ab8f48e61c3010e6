"""A lid that somebody slides over the bin: by `gate` cm a frame, up or down by a fair coin that no action tells.

Its edge stays within [0, 32] cm above the bin's lower wall: where a step would leave that, the lid takes the other
direction whatever the coin says. So from one start it visits a few places that are one `gate` apart, and what it hides
is known: ln 2 nats where the coin is free, nothing where a wall decides.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cvae.data.pushing.scene import LID_CM

#: With longer steps there would be places that neither direction keeps inside.
MAX_GATE = LID_CM / 2


def slide(start: float, gate: float, coins: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(T + 1,) places of the lid's edge in cm, from its start by T coins; true is up, away from the lower wall."""
    places = [start]
    for is_up in coins.tolist():
        step = gate if is_up else -gate
        is_inside = 0.0 <= places[-1] + step <= LID_CM
        places.append(places[-1] + step if is_inside else places[-1] - step)
    return np.array(places)


def hidden_nats(gate: float, n_steps: int) -> NDArray[np.float64]:
    """(n_steps,) nats that each of the first steps hides from whoever knows the place, the start uniform in [0, 32] cm.

    A lid with K places is a random walk on a path of K: its coin is free on all but the two ends. The walk's exact
    distribution after t steps says how often that is.
    """
    nats = np.zeros(n_steps)
    for n_places, share in _walks(gate):
        n_neighbours = np.full(n_places, 2)
        n_neighbours[[0, -1]] = 1
        at = np.full(n_places, 1.0 / n_places)
        for t in range(n_steps):
            nats[t] += share * math.log(2.0) * at[1:-1].sum()
            step = at / n_neighbours
            at = np.zeros(n_places)
            at[1:] += step[:-1]
            at[:-1] += step[1:]
    return nats


def mean_hidden_nats(gate: float) -> float:
    """Nats a step that the lid hides in the long run: ln 2 (K - 2) / (K - 1) with K places, mean over starts.

    A walk on a path is on each place in proportion to its neighbours: 2 inside and 1 at the two ends.
    """
    return math.log(2.0) * sum(share * (n - 2) / (n - 1) for n, share in _walks(gate))


def _walks(gate: float) -> Iterator[tuple[int, float]]:
    """How many places the lid may have, and the share of the starts that have so many; nothing without a gate."""
    if gate == 0.0:
        return
    n_whole = int(LID_CM // gate)
    left = LID_CM - n_whole * gate  # starts whose rest by `gate` is below this have one place more
    yield n_whole + 1, (n_whole + 1) * left / LID_CM
    yield n_whole, n_whole * (gate - left) / LID_CM
