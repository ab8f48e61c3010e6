"""Work that makes no update shows that it goes on, so that nobody takes it for a hang."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cvae.config.schema import Config
from cvae.data.sources.digests import files_content
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.store import Store
from cvae.data.store.writer import write_store
from cvae.device import choose_accelerator
from cvae.evaluation.clip_batches import read_batch
from cvae.evaluation.validation import evaluate
from cvae.processes import beats
from cvae.run.train_run import make_trainer, train_run
from tests.cvae.run.test_train_run import new_run


@pytest.fixture
def counted() -> Callable[[Callable[[], object]], int]:
    """How often something beats."""

    def count(work: Callable[[], object]) -> int:
        before = beats()
        work()
        return beats() - before

    return count


Counted = Callable[[Callable[[], object]], int]


def test_every_episode_that_is_packed_beats(counted: Counted, tmp_path: Path) -> None:
    world = PushingWorld(n_train=4, n_validate=3, n_test=2, n_frames=12)
    assert counted(lambda: write_store(world, 32, tmp_path, "f")) >= 9


def test_every_file_whose_content_is_looked_at_beats(counted: Counted, tmp_path: Path) -> None:
    paths = [tmp_path / str(i) for i in range(3)]
    for path in paths:
        path.write_bytes(b"x")
    assert counted(lambda: files_content(tmp_path, paths)) == 3


def test_every_batch_that_is_evaluated_beats(counted: Counted, tiny: Config, tiny_store: Store) -> None:
    trainer = make_trainer(tiny, choose_accelerator(tiny.runtime), tiny_store)
    clips = trainer.validate_clips
    assert counted(lambda: read_batch(clips, np.arange(2), trainer.accelerator)) == 1
    evaluated = counted(lambda: evaluate(trainer.model, clips, trainer.accelerator, batch_size=1, seed=0))
    assert evaluated >= len(clips)


def test_checkpoints_and_the_end_of_a_run_beat(tiny: Config, tmp_path: Path) -> None:
    folder, seen = new_run(tmp_path / "run", tiny), []
    for _ in train_run(folder):
        seen.append(beats())
    assert len(seen) == 3
    assert seen == sorted(set(seen))
    assert beats() > seen[-1] + 2  # its last checkpoints, and the batches of its final evaluation
