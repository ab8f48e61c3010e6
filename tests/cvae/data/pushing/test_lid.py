"""The lid's laws: it moves by a hidden coin within its bounds, and what it hides is known in closed form."""

import math
from itertools import product

import numpy as np
import pytest

from cvae.data.pushing.hidden_noise import HiddenNoise
from cvae.data.pushing.lid import LID_CM, MAX_GATE, hidden_nats, mean_hidden_nats, slide
from cvae.data.pushing.scene import sample_scene

GATES = (1.0, 4.0, 7.3, 9.0, 13.0, MAX_GATE)


@pytest.mark.parametrize("gate", GATES)
def test_every_step_is_one_gate_and_stays_inside(gate: float) -> None:
    random = np.random.default_rng(0)
    for start in random.uniform(0, LID_CM, size=50):
        coins = random.random(60) < 0.5
        places = slide(start, gate, coins)
        assert places[0] == start
        np.testing.assert_allclose(np.abs(np.diff(places)), gate)
        assert (places >= 0).all()
        assert (places <= LID_CM).all()
        # the coin decides wherever both ways are open
        is_free = (places[:-1] >= gate) & (places[:-1] <= LID_CM - gate)
        np.testing.assert_array_equal(np.diff(places)[is_free] > 0, coins[is_free])


def test_the_lid_that_is_shipped_hides_what_pencil_and_paper_say() -> None:
    # 32 = 3 * 9 + 5: 20 of 32 starts have 4 places, inner share 4 / 6; 12 of 32 have 3, inner share 2 / 4.
    assert mean_hidden_nats(9.0) == pytest.approx((0.625 * 2 / 3 + 0.375 / 2) * math.log(2))
    assert mean_hidden_nats(9.0) == pytest.approx(0.419, abs=5e-4)
    assert 9 * mean_hidden_nats(9.0) == pytest.approx(3.77, abs=5e-3)
    # The first step: 2 of 4 and 1 of 3 places are inside.
    assert hidden_nats(9.0, 1)[0] == pytest.approx((0.625 / 2 + 0.375 / 3) * math.log(2))
    assert hidden_nats(9.0, 9).sum() == pytest.approx(3.677, abs=5e-4)
    assert hidden_nats(0.0, 3).tolist() == [0.0, 0.0, 0.0]
    assert mean_hidden_nats(0.0) == 0.0
    assert mean_hidden_nats(MAX_GATE) == 0.0  # two places: it goes to and fro


@pytest.mark.parametrize("gate", GATES)
def test_hidden_nats_are_the_entropy_of_all_paths(gate: float) -> None:
    # Brute force: all sequences of coins, equally likely; the entropy of the paths they lead to, mean over starts.
    n_steps, n_starts = 7, 320
    entropies = []
    for start in (np.arange(n_starts) + 0.5) * LID_CM / n_starts:
        paths = [tuple(np.round(slide(start, gate, np.array(c)), 6)) for c in product((False, True), repeat=n_steps)]
        _, counts = np.unique(np.array(paths), axis=0, return_counts=True)
        shares = counts / counts.sum()
        entropies.append(-(shares * np.log(shares)).sum())
    assert len(entropies) == n_starts
    assert hidden_nats(gate, n_steps).sum() == pytest.approx(np.mean(entropies), abs=1e-6)


def test_the_long_run_is_the_entropy_of_the_simulated_chain() -> None:
    # From what is seen alone: the shares of the places that follow a place, weighted by its own share.
    random = np.random.default_rng(1)
    entropies = []
    for start in (np.arange(32) + 0.5) * LID_CM / 32:
        places = np.round(slide(start, 9.0, random.random(4000) < 0.5), 6)
        known, number = np.unique(places, return_inverse=True)
        counts = np.zeros((len(known), len(known)))
        np.add.at(counts, (number[:-1], number[1:]), 1)
        shares = counts / counts.sum(axis=1, keepdims=True)
        logs = np.log(np.where(shares > 0, shares, 1.0))
        entropies.append(-(counts.sum(axis=1) / counts.sum() * (shares * logs).sum(axis=1)).sum())
    assert np.mean(entropies) == pytest.approx(mean_hidden_nats(9.0), abs=2e-3)
    assert hidden_nats(9.0, 400)[-2:].mean() == pytest.approx(mean_hidden_nats(9.0), abs=1e-9)  # 3 places alternate


def test_coins_leave_the_other_noise_as_it_was() -> None:
    # The normals are the first numbers of the stream, as they were when there was nothing else in it.
    noise = HiddenNoise.draw(np.random.default_rng(7), 12, 3)
    np.testing.assert_array_equal(noise.normals, np.random.default_rng(7).standard_normal((12, 4, 4)))
    coins = np.concatenate([HiddenNoise.draw(np.random.default_rng(s), 12, 3).coins for s in range(400)])
    assert abs(coins.mean() - 0.5) < 4 * 0.5 / math.sqrt(len(coins))


def test_starts_are_uniform_and_leave_the_scene_as_it_was() -> None:
    starts = []
    for seed in range(300):
        scene = sample_scene(5, np.random.default_rng(seed), has_lid=True)
        bare = sample_scene(5, np.random.default_rng(seed))
        assert (scene.things, scene.gripper, scene.opening) == (bare.things, bare.gripper, bare.opening)
        assert bare.lid is None
        starts.append(scene.lid)
    quantiles = np.quantile(np.array(starts, dtype=float), [0.0, 0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(quantiles, [0, 8, 16, 24, 32], atol=3.0)
