"""The course of a check: two jobs are submitted, waited for, questioned and ended."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cvae.files import network_type
from cvae.record import RunFolder
from sweeps.check_cluster.findings import LOOK_S, Finding, of_ends, of_folder, of_machines
from sweeps.check_cluster.probe_job import ProbeJob
from sweeps.launchers import Launcher, Phase, Seen, Share, Unreachable, new_token


def check(
    launcher: Launcher, share: Share, shared: Path, wait_s: float, say: Callable[[str], None]
) -> Iterator[Finding]:
    """Submit two probes, and yield what is found, until one fault makes all that follows void.

    Raises:
        Refused: the engine does not take the jobs.
        Unreachable: the engine does not answer.
    """
    kind = network_type(shared)
    yield Finding("ok", f"{shared} lies on {kind or 'a disk that is local here, or whose kind is unknown'}")
    probes = [_submit(launcher, share, shared / name) for name in ("probe-1", "probe-2")]
    yield Finding("ok", f"{launcher.name} took two jobs: {', '.join(str(job.id) for job in probes)}")
    try:
        yield from _watch(launcher, share, shared, probes, wait_s, say)
    finally:
        for job in probes:
            (job.folder.path / "stop").touch()
            with suppress(Unreachable):
                launcher.end(job, now=False)


def _submit(launcher: Launcher, share: Share, folder: Path) -> ProbeJob:
    folder.mkdir(parents=True)
    job = ProbeJob(RunFolder(folder), new_token(), launcher.name)
    return replace(job, id=launcher.submit(job, share, {"OMP_NUM_THREADS": str(share.cpus)}))


def _watch(
    launcher: Launcher, share: Share, shared: Path, probes: list[ProbeJob], wait_s: float, say: Callable[[str], None]
) -> Iterator[Finding]:
    known = launcher.find(probes)
    lost = [job.token for job in probes if job.token not in known]
    if lost:
        yield Finding("fault", f"{launcher.name} does not find its jobs by their names: {', '.join(lost)}")
    for job in probes:
        fault = _wait_for_report(launcher, job, wait_s, say)
        if fault is not None:
            yield fault
            return
    yield from of_machines(share, [job.report() for job in probes])
    yield from of_folder(shared, probes)
    yield from of_ends(launcher, probes)


def _wait_for_report(launcher: Launcher, job: ProbeJob, wait_s: float, say: Callable[[str], None]) -> Finding | None:
    deadline, told = time.monotonic() + wait_s, ""
    while not job.report():
        seen = launcher.look([job])[job.token]
        if seen.phase in (Phase.ENDED, Phase.GONE) and not job.report():
            return Finding("fault", f"{job.folder.path.name} ended without a word ({_words(seen)}); {_log_of(job)}")
        if time.monotonic() > deadline:
            return Finding(
                "fault", f"{job.folder.path.name} is {_words(seen)} after {wait_s:.0f} s: ask for less, or --wait"
            )
        if (now := f"{job.folder.path.name} is {_words(seen)}") != told:
            say(told := now)
        time.sleep(max(LOOK_S, launcher.poll_s if seen.phase is Phase.QUEUED else 0))
    return None


def _words(seen: Seen) -> str:
    where = f" on {seen.where}" if seen.where else ""
    return f"{seen.phase.value}{where}{f' ({seen.said})' if seen.said else ''}"


def _log_of(job: ProbeJob) -> str:
    if not (last := job.last_words()):
        return f"nothing in {job.log}: is the folder there on every node, at this path, and {sys.executable} too?"
    return f"{job.log} ends with: {last}"
