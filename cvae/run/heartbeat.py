"""A sign of life, for whoever waits for a training that stands still."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cvae.record import RunFolder
from cvae.training import Trainer


@contextmanager
def beating(folder: RunFolder, trainer: Trainer, every_s: float = 0.5) -> Iterator[None]:
    """Write the step to the heartbeat file twice a second: it stands still when the training does."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(every_s):
            with suppress(OSError):  # a full disk stops no training
                folder.heartbeat.write_text(str(trainer.step), encoding="utf-8")

    thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
