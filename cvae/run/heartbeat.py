"""A sign of life, for whoever waits for a training that stands still."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.processes import beats
from cvae.record import RunFolder
from cvae.training import Trainer


class Heartbeat:
    """What the heartbeat file says: updates done, then signs of work of any other kind (`cvae.processes`)."""

    def __init__(self) -> None:
        self.trainer: Trainer | None = None  # None until data and model are there

    @property
    def text(self) -> str:
        """The two numbers: whichever advances, the run is at work."""
        return f"{self.trainer.step if self.trainer else 0} {beats()}"


@contextmanager
def beating(folder: RunFolder, every_s: float = 0.5) -> Iterator[Heartbeat]:
    """Write the heartbeat file whole twice a second while the block works: it stands still when the work does."""
    done, heart = threading.Event(), Heartbeat()

    def beat() -> None:
        while not done.wait(every_s):
            with suppress(OSError, InputError):  # a full disk stops no training
                if heart.trainer is not None or beats():
                    write_atomically(folder.heartbeat, heart.text.encode(), is_lasting=False)

    thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield heart
    finally:
        done.set()
        thread.join()
