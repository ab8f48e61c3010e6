"""Which engine runs the workers, and what a run asks of it: from the command line and the engine's file."""

from dataclasses import dataclass
from pathlib import Path

from cvae.errors import InputError
from sweeps.launchers.engine_file import EngineOptions, read_engine_options
from sweeps.launchers.job_record import Share
from sweeps.launchers.launcher import Launcher
from sweeps.launchers.registry import LAUNCHERS, open_launcher, options_of


@dataclass(frozen=True)
class EngineChoice:
    """What runs the workers; without a share it is this machine."""

    name: str = "local"
    options: EngineOptions | None = None
    share: Share | None = None

    def launcher(self) -> Launcher:
        """Return its launcher.

        Raises:
            InputError: the engine is not there.
        """
        return open_launcher(self.name, self.options)


def choose_engine(engine: str, file: Path | None, ray: str | None, device: str) -> EngineChoice:
    """Return the engine that was asked for.

    Args:
        engine: `--engine`.
        file: `--engine-file`.
        ray: `--ray`.
        device: the experiment's `runtime.device`.

    Raises:
        InputError: there is no such engine, or the options do not fit it, or the file has a mistake.
    """
    if engine not in LAUNCHERS:
        raise InputError(f"--engine is '{engine}'; allowed: {', '.join(LAUNCHERS)}")
    if ray is not None and engine != "ray":
        raise InputError(f"--ray belongs to --engine ray; --engine is '{engine}'")
    kind = options_of(engine)
    if kind is None:
        if file is not None:
            raise InputError(f"--engine-file belongs to another engine than '{engine}', which needs none")
        return EngineChoice(engine)
    if engine == "ray" and file is None and ray is None:
        raise InputError("--engine ray needs --ray, the dashboard of its head, as http://HOST:8265")
    options = read_engine_options(kind, engine, file, {"address": ray} if engine == "ray" else {})
    return EngineChoice(engine, options, options.share(device))
