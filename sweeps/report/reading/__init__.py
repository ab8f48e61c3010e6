"""Records as they are: experiments, runs, evaluations and clip scores as plain typed values. Nothing is judged here."""

from sweeps.report.reading.clip_scores import clip_names, clip_scores, run_clip_scores
from sweeps.report.reading.experiment_folder import read_experiment
from sweeps.report.reading.merging import merged, refuse_what_differs, strictest_margin
from sweeps.report.reading.records import ExperimentRecord, PlanRecord, RunRecord
from sweeps.report.reading.run_reading import read_lone_run

__all__ = [
    "ExperimentRecord",
    "PlanRecord",
    "RunRecord",
    "clip_names",
    "clip_scores",
    "merged",
    "read_experiment",
    "read_lone_run",
    "refuse_what_differs",
    "run_clip_scores",
    "strictest_margin",
]
