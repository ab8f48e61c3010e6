"""Show an experiment's studies in optuna-dashboard: `python -m sweeps.dashboard runs/NAME`.

What is shown is a copy in memory: whatever is clicked there, the study's storage keeps its one writer, the coordinator.
The copy follows a sweep that is running. Pictures are served from the run folders where they lie.
"""

import tempfile
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from wsgiref.simple_server import make_server

import optuna
import typer

from cvae.cli import new_command, run_command
from cvae.errors import InputError
from cvae.places import HoldsPlace
from sweeps.commands.options import expand_storage
from sweeps.experiment_folder import ExperimentFolder, find_experiment
from sweeps.study.dashboard_copy import StudyCopy

if TYPE_CHECKING:  # there are no such names at run time
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

app = new_command()

#: How often the copy looks for what is new.
REFRESH_S = 10.0


def for_own_pages(app: "WSGIApplication", port: int) -> "WSGIApplication":
    """Return a web application that answers its own pages on loopback alone.

    A page of another site may have the browser send requests here, by a name that it points to 127.0.0.1 (DNS
    rebinding) or across origins; both show in the headers, which such a page cannot forge.
    """
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
    hosts |= {"127.0.0.1", "localhost"} if port == 80 else set()

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        origin = environ.get("HTTP_ORIGIN")
        is_own = origin is None or origin.lower().removeprefix("http://") in hosts
        if str(environ.get("HTTP_HOST", "")).lower() in hosts and is_own:
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"this answers http://127.0.0.1:{port} alone\n".encode()]

    return answer


@contextmanager
def followed(study_copy: StudyCopy, every_s: float = REFRESH_S) -> Iterator[None]:
    """Let a copy look for what is new, in a thread that has ended before what it copies into is removed."""
    is_over = threading.Event()

    def follow() -> None:
        while not is_over.wait(every_s):
            with suppress(OSError, InputError):  # a disk that is away or full: what is shown stays, and the next look
                study_copy.refresh()

    thread = threading.Thread(target=follow, daemon=True, name="refresh")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@app.command()
def dashboard(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="its folder, name or file")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="folder that holds the experiment's folder")] = Path("runs"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")] = 8080,
    storage: Annotated[
        str | None,
        HoldsPlace(expand_storage),
        typer.Option(metavar="URL", help="Optuna storage  [default: what the sweep was launched with]"),
    ] = None,
) -> None:
    """Start optuna-dashboard on loopback over an experiment's studies; Ctrl-C ends it. It changes nothing on disk."""
    try:
        from optuna_dashboard import wsgi
    except ImportError as error:
        raise InputError("optuna-dashboard is not installed: pip install -r requirements-browse.txt") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    root = ExperimentFolder(find_experiment(experiment, runs))
    # without a password
    launched_with = root.storage.read_text(encoding="utf-8").strip() if root.storage.exists() else None
    with tempfile.TemporaryDirectory() as scratch:
        study_copy = StudyCopy(root, storage or launched_with, Path(scratch))
        study_copy.refresh()
        print(f"optuna-dashboard: http://127.0.0.1:{port}/dashboard", flush=True)
        try:
            app = for_own_pages(wsgi(study_copy.storage, artifact_store=study_copy.pictures), port)
            with followed(study_copy), make_server("127.0.0.1", port, app) as server, suppress(KeyboardInterrupt):
                server.serve_forever()
        except OSError as error:
            raise InputError(f"--port is {port}: it cannot be used ({error.strerror})") from error


if __name__ == "__main__":
    run_command(app)
