"""Attempts at a run folder: resume, heartbeat, checkpoint, final evaluation, and what kind of failure ended one."""

from cvae.run.checkpoint import Which, read_checkpoint
from cvae.run.evaluate_checkpoint import evaluate_checkpoint, is_the_runs_own, load_model
from cvae.run.failure_kinds import FINAL_KINDS
from cvae.run.final_evaluation import FinalEvaluation, files_beside
from cvae.run.train_run import load_config, make_trainer, train_run

__all__ = [
    "FINAL_KINDS",
    "FinalEvaluation",
    "Which",
    "evaluate_checkpoint",
    "files_beside",
    "is_the_runs_own",
    "load_config",
    "load_model",
    "make_trainer",
    "read_checkpoint",
    "train_run",
]
