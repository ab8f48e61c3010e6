"""Training steps in a process of their own, one at a time when they are asked for.

A process's memory is set up as its trainer would have it, and none finds caches, threads or a heap of another's.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from benchmarks.instruments.table import CLOCK, use_processor_time
from benchmarks.training.steps import Made, Steps, Work

#: What a process is asked for, a line each.
STEP, TIMED_PRODUCTS = "step", "step with timed products"


class StepsApart:
    """The process of one work, and the steps that it has made."""

    def __init__(self, process: "subprocess.Popen[str]", work: Work) -> None:
        self._process = process
        self.work = work
        self.made: list[Made] = []

    def step(self, ask: str = STEP) -> Made:
        """Have the next step made.

        Raises:
            RuntimeError: the process ended instead; what it said is on this one's standard error.
        """
        to, answers = self._process.stdin, self._process.stdout
        assert to is not None
        assert answers is not None
        with suppress(BrokenPipeError):  # it has died since its last step, and answers nothing
            print(ask, file=to, flush=True)
        if not (line := answers.readline()):
            raise RuntimeError(f"the process of {self.work} ended with status {self._process.wait()}")
        self.made.append(Made(**json.loads(line)))
        return self.made[-1]

    def seconds(self) -> float:
        """Have the next step made and return what it took."""
        return self.step().seconds

    @property
    def losses(self) -> list[float]:
        """The loss of each step."""
        return [made.loss for made in self.made]


@contextmanager
def steps_apart(cache: Path, work: Work) -> Iterator[StepsApart]:
    """Give a process that makes steps; it ends with the context."""
    asked = json.dumps(asdict(work) | {"cache": str(cache), "clock": CLOCK.name})
    command = [sys.executable, "-m", "benchmarks.training", asked]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield StepsApart(process, work)
        finally:
            process.kill()  # it holds nothing that must be written
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # where what it was asked has not reached it
                process.stdin.close()


def answer(asked: str) -> None:
    """Make a step for each line of standard input, saying what it was like, until there are no more."""
    given = json.loads(asked)
    cache, clock = Path(given.pop("cache")), given.pop("clock")
    if clock != CLOCK.name:
        use_processor_time()
    steps = Steps(cache, Work(**given))
    for line in sys.stdin:
        print(json.dumps(asdict(steps(times_products=line.strip() == TIMED_PRODUCTS))), flush=True)
