"""Mirror a run folder into wandb. The mirror decides nothing: every number in it is in the record as well."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import wandb

from cvae.config import Config
from cvae.record import RunFolder
from cvae.run import Evaluated

Mode = Literal["offline", "online", "disabled"]


def wandb_settings() -> wandb.Settings:
    """Return settings that keep a run small, quiet and current: a kill loses at most a second."""
    return wandb.Settings(
        console="off",
        silent=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
        disable_git=True,
        disable_code=True,
        disable_job_creation=True,
        x_transaction_log_flush_interval=1.0,
    )


def keep_home_clean(folder: Path) -> None:
    """Point wandb's caches and configuration into the experiment's folder, where the user has not set them."""
    for name in ("CACHE", "CONFIG", "DATA"):
        os.environ.setdefault(f"WANDB_{name}_DIR", str(folder / ".cache"))


def scalars_of(evaluated: Evaluated) -> dict[str, float]:
    """Return an evaluation's numbers; a curve over future frames becomes a metric for each frame, from 01."""
    flat: dict[str, float] = {}
    for key, value in evaluated.result.values().items():
        if isinstance(value, list):
            section, _, name = key.partition("/")
            numbered = {f"{section}_frame/{name.removesuffix('_per_frame')}_{t:02d}": v for t, v in enumerate(value, 1)}
            flat |= numbered
        else:
            flat[key] = value
    return flat


class Tracker:
    """One wandb run for one run folder, however many attempts it takes; it starts with the first evaluation."""

    def __init__(self, folder: RunFolder, config: Config) -> None:
        self._folder = folder
        self._config = config
        self._identity = folder.read_identity()
        self._run: wandb.Run | None = None
        self._is_broken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._run is None:
            return
        state = self._folder.read_state()
        self._run.summary["status"] = state["status"]
        for key, value in (state.get("final") or {}).items():
            if not isinstance(value, list):
                self._run.summary[f"final/{key}"] = value
        self._run.finish(exit_code=0 if error is None else 1)

    def log(self, evaluated: Evaluated) -> None:
        """Log an evaluation: scalars, and the strip and the GIF where they were drawn.

        A mirror that cannot be had does not stop the training: it is said once, and the record has everything.
        """
        if self._is_broken:
            return
        try:
            self._log(evaluated)
        except wandb.Error as error:
            self._is_broken = True
            print(f"warning: wandb does not take this run ({error}); its record is complete without", flush=True)

    def _log(self, evaluated: Evaluated) -> None:
        run = self._started()
        values: dict[str, Any] = dict(scalars_of(evaluated))
        caption = f"step {evaluated.result.step}, val/psnr {values['val/psnr']:.2f} dB"
        if evaluated.strip is not None:
            values["samples/strip"] = wandb.Image(str(evaluated.strip), caption=caption)
        if evaluated.animation is not None:  # by path: from an array wandb would need moviepy
            values["samples/animation"] = wandb.Video(str(evaluated.animation), caption=caption, format="gif")
        run.log(values, step=evaluated.result.step)

    def _started(self) -> wandb.Run:
        if self._run is not None:
            return self._run
        i, tracker = self._identity, self._identity["tracker"]
        keep_home_clean(Path(tracker["dir"]))
        self._run = wandb.init(
            mode=tracker["mode"],
            dir=tracker["dir"],
            project=tracker["project"],
            id=f"{i['experiment']}-{i['arm']}-{self._folder.path.name}",
            name=f"{i['arm']} {self._folder.path.name}",
            group=i["experiment"],
            job_type=i["phase"],
            tags=[i["arm"], f"seed {i['seed']}"],
            config=self._config.model_dump(mode="json") | {"arm": i["arm"], "params": i["params"]},
            resume="allow",
            settings=wandb_settings(),
        )
        self._run.define_metric("step")
        for section in ("train/*", "val/*", "val_frame/*", "samples/*", "epoch", "seconds"):
            self._run.define_metric(section, step_metric="step")
        return self._run
