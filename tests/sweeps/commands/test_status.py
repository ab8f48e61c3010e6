"""A sweep seen from another terminal."""

from pathlib import Path

from tests.sweeps.stepping_sweep import Sweep


def test_the_status_tells_the_best_trial_and_the_time_left(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    for _ in sweep.coordinator.run():
        if len(sweep.coordinator.counts.settled) == 5:
            break
    text = sweep.seen()
    best = max((v, k) for k, (_, v) in enumerate(sweep.told()) if v is not None)
    assert "5 of 6 runs done" in text
    assert f"{best[0]:.2f}  tune-{best[1]:03d}" in text
    assert "nobody works on it" in text
