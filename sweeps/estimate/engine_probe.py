"""What runs cost on the machines of an engine: short trainings, submitted as runs are, in a folder on the shared disk.

Each is a job of its own, so that the figures hold what a run has there: its share of a node, its start, the disk.
"""

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

from cvae.config import Config
from cvae.errors import InputError
from cvae.provenance import package_versions
from cvae.record import RunFolder
from sweeps.estimate.probe import MOST_S, Cost, keep_cost, read_costs, write_probe
from sweeps.estimate.short_training import NotMeasured, ShortTraining
from sweeps.launchers import EngineChoice, Job, Launcher, Phase, Refused, Share, Unreachable, new_token, write_job
from sweeps.units import format_duration

#: Seconds that an engine has to start a short training, and to end one.
START_S, END_S = 300.0, 20.0

#: Seconds between two looks at the records, which cost the engine nothing.
LOOK_S = 0.3

#: Looks of the engine after which it is believed that it starts nothing: its first word may be of a busy moment.
STUCK = 3


def engine_facts(engine: EngineChoice) -> list[object]:
    """Return what moves the cost of a run on an engine's machines, as far as it is known before one is chosen."""
    told = None if engine.options is None else engine.options.model_dump(mode="json")
    return [engine.name, told, package_versions()]


def measure_on_engine(
    configs: Mapping[str, Config], engine: EngineChoice, cache: Path, echo: Callable[[str], None]
) -> dict[str, Cost]:
    """Measure what runs cost on an engine's machines, a job each; what was measured before is read.

    Whatever happens, no job and no folder of a training is left.

    Args:
        configs: key (`cost_key`) -> configuration.
        engine: what places the jobs.
        cache: folder of earlier measurements, on the disk that the engine's machines share.
        echo: called with what is waited for.

    Raises:
        NotMeasured: it takes none, starts none in `START_S`, or a training fails.
        InputError: the engine is not there.
    """
    costs = read_costs(configs, cache)
    missing = {key: config for key, config in configs.items() if key not in costs}
    if not missing:
        return costs
    with closing(engine.launcher()) as launcher, _cleaning_up_when_told_to_end():
        trainings = {key: _new_training(config, launcher, cache) for key, config in missing.items()}
        every = list(trainings.values())
        try:
            _submit(every, launcher, engine.share or Share(1))
            ids = ", ".join(str(training.job.id) for training in every)
            most = format_duration(START_S)
            echo(f"measuring {launcher.name}'s machines: short trainings as jobs {ids}, to start within {most} ...")
            _watch(every, launcher, echo)
            for key, training in trainings.items():
                costs[key] = training.cost()
                keep_cost(key, costs[key], cache)
        finally:
            _clean_up([training.job for training in every], launcher)
    return costs


def _new_training(config: Config, launcher: Launcher, place: Path) -> ShortTraining:
    token = new_token()
    return ShortTraining(config, Job(RunFolder(place.absolute() / token), token, launcher.name))


def _submit(trainings: Sequence[ShortTraining], launcher: Launcher, share: Share) -> None:
    try:
        for training in trainings:
            write_probe(training.job.folder, training.config)
            write_job(training.job)
            known = launcher.submit(training.job, share, {"OMP_NUM_THREADS": str(share.cpus)})
            training.job = replace(training.job, id=known)
    except Refused as error:
        raise NotMeasured(f"{launcher.name} does not take a short training: {error}") from error
    except Unreachable as error:
        raise NotMeasured(f"{launcher.name} does not answer ({error})") from error
    except (OSError, InputError) as error:
        raise NotMeasured(f"a short training has no folder on the shared disk: {error}") from error


def _watch(trainings: Sequence[ShortTraining], launcher: Launcher, echo: Callable[[str], None]) -> None:
    """Wait until every training has ended, or has had its time, which counts from its start.

    Raises:
        NotMeasured: one does not start.
    """
    submitted, looked, told = time.monotonic(), -float("inf"), ""
    while True:
        now = time.monotonic()
        if now - looked >= launcher.poll_s:
            looked, said = now, _ask(trainings, launcher)
        for training in trainings:
            training.look(now)
        waiting = [training for training in trainings if training.began is None]
        if waiting and (now - submitted > START_S or any(each.n_stuck >= STUCK for each in waiting)):
            why = f" ({said})" if said else ""
            raise NotMeasured(
                f"{launcher.name} did not start a short training in {format_duration(now - submitted)}{why}"
            )
        if all(each.ended is not None or (each.began or now) + MOST_S < now for each in trainings):
            _ask(trainings, launcher)  # where the last one was
            return
        if waiting and said != told:
            echo(f"waiting for {launcher.name}: {(told := said)}")
        time.sleep(min(LOOK_S, launcher.poll_s))


def _ask(trainings: Sequence[ShortTraining], launcher: Launcher) -> str:
    """Let the engine say how each stands; return what one waits for that has not started."""
    try:
        seen = launcher.look([training.job for training in trainings])
    except Unreachable as error:
        return f"it does not answer: {error}"
    for training in trainings:
        training.hear(seen[training.job.token], time.monotonic())
    return next((word.said for word in seen.values() if word.phase is Phase.QUEUED and word.said), "")


def _clean_up(jobs: Sequence[Job], launcher: Launcher) -> None:
    """End what is at work or queued, and remove its folder, where a job does not end in time all the same."""
    left = [job for job in jobs if job.folder.path.exists()]
    try:
        for is_last in (False, True):
            for job in left:
                with suppress(Unreachable):
                    launcher.end(job, now=is_last)
            deadline = time.monotonic() + END_S
            while left and time.monotonic() < deadline:
                with suppress(Unreachable):
                    seen = launcher.look(left)
                    left = [job for job in left if seen[job.token].phase is Phase.RUNNING]
                time.sleep(min(LOOK_S, launcher.poll_s))
        for job in jobs:
            with suppress(Unreachable):
                launcher.forget(job)
    finally:
        for job in jobs:
            shutil.rmtree(job.folder.path, ignore_errors=True)


@contextmanager
def _cleaning_up_when_told_to_end() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the block as an exception, which Ctrl-C is already."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # only there can signals be listened to
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
