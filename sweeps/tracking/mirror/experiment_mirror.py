"""Mirror an experiment's run folders into wandb, each as far as it can be read."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cvae.errors import InputError
from cvae.files import write_json
from cvae.record import RunFolder
from sweeps.experiment_folder import passing_trouble
from sweeps.tracking.mirror.run_mirror import RunMirror
from sweeps.tracking.offline_runs import OfflineRun, offline_runs_of, read_mirrored

POLL_S = 1.0


class Mirror:
    """All runs of an experiment. `wandb/mirrored.json` remembers the state in which all of a run was mirrored."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._note = root / "wandb" / "mirrored.json"
        self._runs: dict[str, RunMirror] = {}
        self._warned: set[str] = set()
        self._unsaid: list[str] = []
        self._done, damage = read_mirrored(self._note)
        if damage is not None:
            self._warn(damage)

    def _warn(self, line: str) -> None:
        if line not in self._warned:
            self._warned.add(line)
            self._unsaid.append(line)

    def warnings(self) -> list[str]:
        """Return what could not be read, each once."""
        unsaid, self._unsaid = self._unsaid, []
        return unsaid

    def catch_up(self) -> None:
        """Mirror what is new in every run folder; one that is damaged is left out until it can be read."""
        for path in sorted(self._root.glob("*/*")):
            folder, key = RunFolder(path), str(path.relative_to(self._root))
            if not os.path.lexists(folder.identity):
                continue
            try:
                self._catch_up_run(folder, key)
            except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:  # of another shape within
                self._warn(str(error) if isinstance(error, InputError) else f"{folder.path}: is damaged ({error!r})")
            except OSError as error:  # the machine's trouble, and that of wandb's service, is not this run's
                if not is_within(error, folder.path) or passing_trouble(error, self._root) is not None:
                    raise
                self._warn(f"{error.filename}: cannot be read ({error.strerror})")

    def _catch_up_run(self, folder: RunFolder, key: str) -> None:
        version = folder.state.stat().st_mtime_ns if folder.state.exists() else 0
        if self._done.get(key) == version:  # it has ended; one that is opened again has another state
            return
        if (damage := folder.epochs_damage()) is not None:
            self._warn(damage)
        run = self._runs.setdefault(key, RunMirror(folder, self._root))
        has_ended = run.catch_up()
        for line in run.damage:
            self._warn(line)
        if has_ended:
            del self._runs[key]
            self._done[key] = version
            write_json(self._note, self._done)

    def close(self) -> None:
        """Let go of the runs that go on later."""
        for run in self._runs.values():
            try:
                run.let_go()
            except InputError as error:
                self._warn(str(error))

    def open_runs(self) -> list[OfflineRun]:
        """Return the offline runs that are being written."""
        ids = [run.run_id for run in self._runs.values() if run.is_open]
        return [offline_runs_of(self._root / "wandb", run_id)[-1] for run_id in ids]


def is_within(error: OSError, folder: Path) -> bool:
    """Return whether an error is of a file of a folder."""
    return isinstance(error.filename, str) and Path(error.filename).is_relative_to(folder)


def follow(root: Path, is_over: Callable[[], bool]) -> Iterator[Mirror]:
    """Mirror an experiment until it is over, yielding after each look; then once more, and let go."""
    mirror = Mirror(root)
    while not is_over():
        mirror.catch_up()
        yield mirror
        time.sleep(POLL_S)
    mirror.catch_up()
    mirror.close()
    yield mirror
