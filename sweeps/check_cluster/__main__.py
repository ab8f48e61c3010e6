"""Whether a cluster is fit for a sweep: `python -m sweeps.check_cluster --engine NAME --folder DIR`.

Two tiny jobs claim, beat and look at each other's files in the folder that a sweep would have. Each line says what
behaves, and where something does not, what to change.
"""

import shutil
import uuid
from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import new_command, run_command
from cvae.errors import InputError
from sweeps.check_cluster.cluster_check import check
from sweeps.commands.options import parse_time
from sweeps.doors.sweep_options import EngineFile, RayAddress
from sweeps.launchers import Refused, Unreachable, choose_engine

app = new_command()


def _say(line: str) -> None:
    print(f"      {line}", flush=True)


@app.command()
def check_cluster(
    engine: Annotated[str, typer.Option(metavar="NAME", help="slurm or ray")],
    folder: Annotated[Path, typer.Option(metavar="DIR", help="where experiments will lie, on the shared disk")],
    engine_file: EngineFile = None,
    ray: RayAddress = None,
    wait: Annotated[str, typer.Option(metavar="TIME", help="for the jobs to start")] = "10m",
) -> None:
    """Submit two tiny jobs and say whether folder, Python, GPU, clocks, locks and the end of a job behave."""
    chosen = choose_engine(engine, engine_file, ray, "auto")
    if chosen.share is None:
        raise InputError(f"--engine is '{engine}'; a cluster's is slurm or ray")
    shared = folder.absolute() / f".check-{uuid.uuid4().hex[:8]}"
    wait_s, n_faults = parse_time("--wait", wait), 0
    try:
        for finding in check(chosen.launcher(), chosen.share, shared, wait_s, _say):
            n_faults += finding.kind == "fault"
            print(f"{finding.kind:5} {finding.text}", flush=True)
    except (Refused, Unreachable) as error:
        raise InputError(f"--engine {engine}: {error}") from error
    finally:
        if not n_faults:
            shutil.rmtree(shared, ignore_errors=True)
    print(f"{n_faults} faults; see {shared} and docs/clusters.md" if n_faults else "fit for a sweep")
    raise typer.Exit(1 if n_faults else 0)


if __name__ == "__main__":
    run_command(app)
