"""Whether actions move anything, and how long after: what is explained of each step's motion, by the actions' delay.

`actions[t]` should act between frames t and t + 1. For each lag k the motion of the step from t + k to t + k + 1 is
regressed on features of `actions[t]`: their values, amounts and changes. Two motions are looked at: by how much the
picture changes (root mean square), and by how much each recorded position does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvae.data.sources import Episode

#: Lags that are tried, in frames to either side.
MOST_LAG = 3

LAGS = tuple(range(-MOST_LAG, MOST_LAG + 1))

#: Steps for each feature before a regression tells more than it invents.
PER_FEATURE = 10

#: Explained share of motion (adjusted R squared) below which actions move nothing.
NOTHING = 0.02

#: By how much another lag must explain more, before it is believed.
GAIN = 0.05


class Regression:
    """Sums for a least-squares fit of several targets on features, from rows that come in parts."""

    def __init__(self) -> None:
        self.n = 0
        self._origin: NDArray[np.float64] | None = None
        self._sums: NDArray[np.float64] | None = None
        self._products: NDArray[np.float64] | None = None

    def add(self, features: NDArray[np.float64], targets: NDArray[np.float64]) -> None:
        """Add rows of features (n, F) and targets (n, Y)."""
        rows = np.concatenate([features, targets], axis=1)
        if self._origin is None or self._sums is None or self._products is None:
            self._origin = rows.mean(axis=0)  # taken off, so that small differences of large numbers stay exact
            self._sums = np.zeros(rows.shape[1])
            self._products = np.zeros((rows.shape[1], rows.shape[1]))
        rows = rows - self._origin
        self._sums += rows.sum(axis=0)
        self._products += rows.T @ rows
        self.n += len(rows)

    def explained(self, n_features: int) -> NDArray[np.float64] | None:
        """Adjusted R squared of each target (Y,), 0 of a constant one; None where there are too few rows."""
        if self._sums is None or self._products is None or self.n < PER_FEATURE * n_features:
            return None
        covariance = self._products - np.outer(self._sums, self._sums) / self.n
        scale = np.sqrt(np.maximum(np.diag(covariance), 0))
        is_there = scale > 1e-9 * max(float(scale.max()), 1e-30)
        correlation = covariance / np.where(is_there, scale, 1)[:, None] / np.where(is_there, scale, 1)
        inner, cross = correlation[:n_features, :n_features], correlation[:n_features, n_features:]
        used = is_there[:n_features]
        inverse = np.linalg.pinv(inner[np.ix_(used, used)], rcond=1e-9, hermitian=True)
        r_squared = np.einsum("fy,fg,gy->y", cross[used], inverse, cross[used])
        freedom = max(1, self.n - int(used.sum()) - 1)
        adjusted = 1 - (1 - np.clip(r_squared, 0, 1)) * (self.n - 1) / freedom
        return np.asarray(np.where(is_there[n_features:], adjusted, 0))


@dataclass(frozen=True)
class LagEstimate:
    """What each lag explains of one motion, in the order of `LAGS`, and how much chance alone would at the best."""

    motion: str
    explained: NDArray[np.float64]
    chance: float

    @property
    def best(self) -> int:
        """The lag that explains most."""
        return LAGS[int(np.argmax(self.explained))]

    @property
    def at_zero(self) -> float:
        """What is explained where actions act as they should."""
        return float(self.explained[MOST_LAG])

    @property
    def at_best(self) -> float:
        """What the best lag explains."""
        return float(self.explained.max())


class MotionLag:
    """Estimates the lag from episodes that come one at a time."""

    def __init__(self) -> None:
        self._by_lag = [Regression() for _ in LAGS]
        self._n_features = self._n_positions = 0

    def add(self, episode: Episode) -> None:
        """Add an episode's steps that have an action at every lag."""
        n_steps = len(episode.frames) - 1
        if n_steps <= 2 * MOST_LAG:
            return
        changes = np.empty((n_steps, 1))
        for t in range(n_steps):
            changes[t] = np.sqrt(np.square(np.subtract(*episode.frames[t : t + 2], dtype=np.float32)).mean())
        positions = episode.positions
        moved = np.empty((n_steps, 0)) if positions is None else np.diff(positions.astype(np.float64), axis=0)
        targets = np.concatenate([changes, moved], axis=1)
        actions = episode.actions.astype(np.float64)
        turned = np.abs(np.diff(actions, axis=0, prepend=actions[:1]))
        features = np.concatenate([actions, np.abs(actions), turned], axis=1)[:n_steps]
        self._n_features, self._n_positions = features.shape[1], moved.shape[1]
        steps = slice(MOST_LAG, n_steps - MOST_LAG)  # the same steps for every lag
        for lag, regression in zip(LAGS, self._by_lag, strict=True):
            regression.add(features[steps.start - lag : steps.stop - lag], targets[steps])

    def estimate(self) -> list[LagEstimate]:
        """What was found: of the picture, then of the positions, the column that is explained best."""
        by_lag = [regression.explained(self._n_features) for regression in self._by_lag]
        explained = np.array([values for values in by_lag if values is not None])
        if len(explained) < len(LAGS):
            return []
        # About four standard deviations of R squared where there is nothing: the best of some lags and columns.
        chance = 4 * float(np.sqrt(2 * self._n_features)) / self._by_lag[0].n
        found = [LagEstimate("the picture", explained[:, 0], chance)]
        if self._n_positions:
            column = int(np.argmax(explained[:, 1:].max(axis=0)))
            found.append(LagEstimate(f"position {column}", explained[:, 1 + column], chance))
        return found

    def lines(self) -> Iterator[str]:
        """What was found."""
        for of in self.estimate():
            yield (
                f"motion: actions explain {max(of.at_zero, 0):.0%} of how {of.motion} moves in the step that follows "
                f"them; most, {max(of.at_best, 0):.0%}, at lag {of.best:+d}"
            )

    def warnings(self) -> Iterator[str]:
        """What should be looked at."""
        found = self.estimate()
        if found and all(of.at_best < NOTHING + of.chance for of in found):
            yield "actions move nothing: at no lag do they explain any motion; are they those of these frames?"
        for of in found:
            if of.best != 0 and of.at_best > of.at_zero + GAIN + of.chance:
                word = "later" if of.best > 0 else "earlier"
                yield (
                    f"actions are out of step: `actions[t]` explains best how {of.motion} moves {abs(of.best)} frames "
                    f"{word} than from t to t + 1 ({of.at_best:.0%} against {of.at_zero:.0%}); shift them"
                )
