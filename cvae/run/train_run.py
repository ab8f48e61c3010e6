"""Train a run folder: from its configuration to its final evaluation, through any number of attempts."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cvae.config import Config, build_config, load_yaml_mapping
from cvae.data.store import ConditionStatistics, Store, open_store
from cvae.device import Accelerator, choose_accelerator, keep_freed_memory
from cvae.errors import AlreadyTraining, InputError
from cvae.evaluation import ALL
from cvae.evaluation.metrics import load_perceptual
from cvae.files import sweep_up
from cvae.processes import mark_of
from cvae.record import RunFolder, RunState
from cvae.run.checkpoint import keep_best, save_checkpoint, take_up_checkpoint
from cvae.run.fence import Fence, taken
from cvae.run.final_evaluation import EvaluationFiles, FinalEvaluation, final_evaluation, flags_of
from cvae.run.heartbeat import beating
from cvae.run.run_attempt import RunAttempt
from cvae.training import EpochResult, Trainer
from cvae.visualization import predicted_clips, save_pictures


@dataclass(frozen=True)
class Evaluated:
    """An evaluation that has just been recorded, and the pictures drawn with it."""

    result: EpochResult
    strip: Path | None
    animation: Path | None


def load_config(folder: RunFolder) -> Config:
    """Return the configuration of a run folder."""
    return build_config(load_yaml_mapping(folder.config), str(folder.config))


def make_trainer(config: Config, accelerator: Accelerator, store: Store) -> Trainer:
    """Return a trainer on the store's training and validation splits."""
    use, scale = config.model.use_positions, None
    if config.model.condition_scale == "raw":
        scale = ConditionStatistics.that_change_nothing(store.n_actions + store.n_positions)
    train = store.clips("train", config.n_past + config.n_future, use_positions=use, statistics=scale)
    validate = store.clips("validate", config.n_past + config.n_eval, use_positions=use, statistics=scale)
    return Trainer(config, accelerator, train, validate)


def train_run(folder: RunFolder, token: str = "") -> Iterator[Evaluated]:
    """Train a run to its end, yielding each evaluation once it is recorded; go on from a checkpoint if there is one.

    The outcome is always written to `state.json` before an error is raised, unless the run is another job's by then.

    Args:
        folder: the run's.
        token: of the job that this process is (`Fence`); empty for a run that no coordinator submitted.

    Raises:
        AlreadyTraining: another process holds the run, or another job has been submitted for it.
        InputError: the configuration, the data or the device cannot be used.
        Diverged: the loss or its gradient became non-finite.
    """
    with taken(fence := Fence(folder, token)):
        fence.check()
        before = _state_before(folder)
        if before.is_final:
            return
        fence.claim()
        if token and folder.asked_status() == "interrupted":  # asked while the job waited in a queue
            return
        sweep_up(folder.path)
        mark = mark_of(os.getpid())
        birth = None if mark is None else mark.birth
        begun = RunState("running", before.attempt + 1, os.getpid(), birth, socket.gethostname(), token or None)
        begun = replace(begun, step=before.step, total_steps=before.total_steps)
        begun = replace(begun, seconds=before.seconds, mended=before.mended)
        attempt = RunAttempt(folder, begun, fence)
        try:
            yield from _train(attempt)
        except AlreadyTraining:  # what is recorded is the other's
            raise
        except BaseException as error:
            attempt.record_failure(error)
            raise


def _state_before(folder: RunFolder) -> RunState:
    """Return the state that earlier attempts left; a damaged one is put aside, since the checkpoint says enough."""
    try:
        return folder.read_state()
    except InputError as error:
        folder.state.replace(folder.state.with_suffix(".damaged"))
        return RunState(mended=(f"put aside a state that could not be read: {error}",))


def _train(attempt: RunAttempt) -> Iterator[Evaluated]:
    folder = attempt.folder
    with beating(folder, attempt.fence) as heart:
        attempt.record(attempt.state)
        config = load_config(folder)
        accelerator = choose_accelerator(config.runtime)
        if accelerator.device.type == "cpu":
            keep_freed_memory()  # a training takes the same again every step; an evaluation by itself gains nothing
        store = open_store(config.data, config.image_size, Path(config.store))
        trainer = make_trainer(config, accelerator, store)
        load_perceptual(config.evaluation, accelerator.device)  # a file that is not there should not cost a training
        mended = [f"attempt {attempt.state.attempt} {what}" for what in _take_up(folder, trainer)]
        attempt.record_start(trainer, store, mended)
        heart.trainer = trainer
        for result in trainer.fit():
            attempt.fence.check()
            folder.append_epoch(result.values())
            yield Evaluated(result, *_save_samples(folder, trainer, result))
            attempt.fence.check()
            keep_best(folder, trainer)
            save_checkpoint(folder, trainer)
            reached = replace(attempt.state, step=trainer.step, seconds=trainer.seconds)
            if trainer.step < config.train.steps and (asked := folder.asked_status()) is not None:
                if asked != "interrupted":
                    reached = replace(reached, flags=flags_of(result.evaluation, result.training["kl"]))
                attempt.record(replace(reached, status=asked))
                return
            attempt.record(reached)
        attempt.fence.check()
        final = _evaluate_at_the_end(folder, trainer, store)
    ended = replace(attempt.state, status="finished", step=trainer.step, flags=final.flags, final=final.summary)
    attempt.record(ended)
    # A finished run trains no further: two thirds of its checkpoint, Adam's moments, would only fill the disk.
    save_checkpoint(folder, trainer, ("model", "step"))


def _take_up(folder: RunFolder, trainer: Trainer) -> Iterator[str]:
    """Go on from the folder's checkpoint, yielding what had to be put right for it."""
    if (why := take_up_checkpoint(folder, trainer)) is not None:
        yield f"began again: {why}"
    if (damage := folder.epochs_damage()) is not None:
        yield f"left out what could not be read: {damage}"
    if folder.keep_epochs(trainer.step):
        yield f"cut off a torn line of {folder.epochs.name}"


def _save_samples(folder: RunFolder, trainer: Trainer, result: EpochResult) -> tuple[Path | None, Path | None]:
    e = trainer.config.evaluation
    is_due = round(result.step / e.every) % e.samples_every == 0 or result.step == trainer.config.train.steps
    if not is_due:
        return None, None
    samples = predicted_clips(trainer.model, trainer.validate_clips, e.n_samples, trainer.accelerator, e.seed)
    return save_pictures(samples, folder.samples / f"step-{result.step:06d}")


def _evaluate_at_the_end(folder: RunFolder, trainer: Trainer, store: Store) -> FinalEvaluation:
    """Score the final split clip by clip, in full where the configuration says so, and draw it."""
    c, e = trainer.config, trainer.config.evaluation
    scale = trainer.train_clips.statistics
    clips = store.clips(e.final_split, c.n_past + c.n_eval, use_positions=c.model.use_positions, statistics=scale)
    last = folder.read_epochs()[-1]
    final = final_evaluation(
        trainer.model,
        clips,
        trainer.accelerator,
        c,
        e.final_split,
        store.n_actions,
        EvaluationFiles(folder.clips, folder.diagnostics, folder.samples / "final"),
        kl=last["train/kl"],
        protocols=ALL if e.full else ("prior",),
        latent=e.full,
    )
    return replace(final, summary=final.summary | {key: last[key] for key in ("train/kl", "train/mse")})
