"""What two probes say of a cluster, a line each: what behaves, and where something does not, what to change."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cvae.files import write_atomically
from sweeps.check_cluster.probe_job import ProbeJob
from sweeps.launchers import Launcher, Phase, Share

#: Seconds between two looks, and for a job to end once it was told.
LOOK_S, END_S = 0.3, 120.0

#: Seconds between clocks, and until one machine sees what another wrote, from which a person should know.
APART_S, LATE_S = 30.0, 30.0


@dataclass(frozen=True)
class Finding:
    """One line of the check."""

    kind: Literal["ok", "note", "fault"]
    text: str


def of_machines(share: Share, reports: list[dict[str, Any]]) -> Iterator[Finding]:
    """Yield what the machines of the probes have, against what was asked for."""
    for name, report in zip(("probe-1", "probe-2"), reports, strict=True):
        yield Finding("ok", f"{name} runs on {report['host']}, Python {report['python']}, {report['cores']} cores")
        if report["cores"] < share.cpus:
            yield Finding("fault", f"{name} was to have {share.cpus} cores: lower `cpus`, or see how nodes bind them")
        has_gpu = not str(report["gpu"]).startswith("none")
        visible = report["visible_gpus"]
        if has_gpu == bool(share.gpus):
            yield Finding("ok", f"{name}: GPU {report['gpu']}, CUDA_VISIBLE_DEVICES {visible!r}")
        elif has_gpu:
            yield Finding("note", f"{name} sees the GPU {report['gpu']} that it did not ask for: set `gpus`")
        else:
            yield Finding(
                "fault", f"{name} asked for a GPU and PyTorch has none ({report['gpu']}); {visible!r} is visible"
            )
    apart_s = max(abs(report["clock"] - time.time()) for report in reports)
    if apart_s > APART_S:
        yield Finding(
            "note", f"clocks are up to {apart_s:.0f} s apart: nothing depends on it, but times in records will"
        )
    else:
        yield Finding("ok", "clocks agree")


def of_folder(shared: Path, probes: list[ProbeJob]) -> Iterator[Finding]:
    """Yield how the shared folder behaves between this machine and those of the probes."""
    begun = time.monotonic()
    write_atomically(shared / "ping", b"1", is_lasting=False)
    while not all(job.report().get("echo") == 1 for job in probes):
        if time.monotonic() - begun > 4 * LATE_S:
            yield Finding("fault", f"what is written here is not seen there after {4 * LATE_S:.0f} s: no shared folder")
            return
        time.sleep(LOOK_S)
    seen_s = time.monotonic() - begun
    kind: Literal["ok", "note"] = "ok" if seen_s < LATE_S else "note"
    yield Finding(kind, f"what is written here is seen by both, and their answer here, after {seen_s:.1f} s")
    reports = [job.report() for job in probes]
    if all(len(report["sees"]) == 2 for report in reports):
        yield Finding("ok", "each sees the other's files")
    else:
        yield Finding("fault", "one does not see the other's files: the folder is not the same on both nodes")
    n_claims = sum(report["has_claimed"] for report in reports)
    if n_claims == 1:
        yield Finding("ok", "of two claims one won")
    else:
        yield Finding("fault", f"{n_claims} of two claims won: this file system cannot hold a sweep")
    locks = [report["has_lock"] for report in reports]
    if locks.count(True) == 1:
        yield Finding("ok", "a lock is held once")
    else:
        why = "there are no locks" if None in locks else "both hold one lock: locks are each node's own"
        yield Finding("note", f"{why}. Runs are safe by claims; start no two coordinators from two machines")


def of_ends(launcher: Launcher, probes: list[ProbeJob]) -> Iterator[Finding]:
    """Yield how jobs end: one that the engine is told to end, one that is asked to stop."""
    asked, stopped = probes
    launcher.end(asked, now=False)
    (stopped.folder.path / "stop").touch()
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        phases = {seen.phase for seen in launcher.look(probes).values()}
        if phases <= {Phase.ENDED, Phase.GONE}:
            break
        time.sleep(max(LOOK_S, launcher.poll_s))
    else:
        yield Finding("fault", f"{launcher.name} still has jobs {END_S:.0f} s after they were ended")
        return
    time.sleep(LOOK_S)
    if asked.report().get("ended_by") == "SIGTERM":
        yield Finding("ok", "a job that is ended is told by SIGTERM first: its run keeps its checkpoint")
    else:
        yield Finding("note", "a job that is ended is not told: its run goes on from its last checkpoint")
    yield Finding("ok" if stopped.report().get("ended_by") == "stop" else "fault", "a job that is asked to stop does")
