"""A sign of life, for whoever waits for a training that stands still."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cvae.errors import InputError
from cvae.files import network_type, write_atomically
from cvae.processes import beats
from cvae.record import RunFolder
from cvae.run.fence import Fence
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
def beating(folder: RunFolder, fence: Fence, every_s: float | None = None) -> Iterator[Heartbeat]:
    """Write the heartbeat file whole every so often while the block works: it stands still when the work does.

    Args:
        folder: the run's.
        fence: a run that is another job's by now is beaten for by that one.
        every_s: None: twice a second, or every 5 s on a disk that several machines share, where each is a call.
    """
    if every_s is None:
        every_s = 0.5 if network_type(folder.path) is None else 5.0
    done, heart = threading.Event(), Heartbeat()

    def beat() -> None:
        while not done.wait(every_s):
            with suppress(OSError, InputError):  # a full disk stops no training
                if (heart.trainer is not None or beats()) and fence.is_ours:
                    write_atomically(folder.heartbeat, heart.text.encode(), is_lasting=False)

    thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield heart
    finally:
        done.set()
        thread.join()
