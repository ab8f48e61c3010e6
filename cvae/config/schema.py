"""The configuration of one training run: frozen, checked once at the door, every key with meaning and default.

`python -m cvae.config` prints every key.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from cvae.config.model_section import ModelConfig
from cvae.config.validation_errors import format_validation_error
from cvae.data.sources import PushingWorld, Source
from cvae.errors import InputError
from cvae.extensions import check_names
from cvae.schedules import (
    ConstantKL,
    ConstantLR,
    ConstantTeacherForcing,
    KLControl,
    LRSchedule,
    TeacherForcing,
    Weight,
    sets_own_weight,
)
from cvae.sections import PLACE, Section

Split = Literal["train", "validate", "test"]


class OptimConfig(Section):
    """Adam."""

    lr: float = Field(2e-3, gt=0, description="learning rate")
    schedule: LRSchedule = Field(default_factory=ConstantLR, description="schedule that multiplies the learning rate")
    beta1: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the variance")
    clip: float | None = Field(1.0, gt=0, description="largest norm of the whole gradient; null = no clipping")


class TrainConfig(Section):
    """How long, and on how much at a time."""

    steps: int = Field(180_000, ge=1, description="optimizer updates in the whole training")
    batch_size: int = Field(12, ge=1, description="clips in an update")
    steps_per_epoch: int = Field(600, ge=1, description="updates called one epoch (not a pass over the data)")
    stepping: Literal["step", "epoch"] = Field(
        "step", description="whether schedules move with every update or, as in the lab, once an epoch"
    )

    def progress(self, step: int) -> float:
        """Return the progress in [0, 1) that the schedules of an update see: that of its epoch's start if so asked."""
        if self.stepping == "epoch":
            step -= step % self.steps_per_epoch
        return step / self.steps


class EvaluationConfig(Section):
    """Evaluation on whole splits, with noise fixed by (seed, clip, sample)."""

    every: int = Field(600, ge=1, description="updates between two evaluations, each with a checkpoint")
    batch_size: int = Field(
        32, ge=1, description="predictions at a time, fewer where memory is short; changes no result"
    )
    seed: int = Field(0, ge=0, lt=2**63, description="seed of the evaluation noise")
    final_split: Split = Field("validate", description="split of the evaluation at the end, kept clip by clip")
    samples_every: int = Field(5, ge=1, description="evaluations between two sampled strips and GIFs")
    n_samples: int = Field(4, ge=1, description="clips drawn in a strip")
    full: bool = Field(
        False, description="evaluate in full at the end: every protocol, and what the latent says; confirm runs do"
    )
    best_of: int = Field(100, ge=1, description="samples of each clip in a full evaluation: N of best of N, mean of N")
    checkpoint: Literal["last", "best"] = Field(
        "last", description="weights for use: the last, which decide, or best.pt beside them, of the best evaluation"
    )
    energy_samples: Literal[0, 2, 4, 8, 16] = Field(0, description="samples a clip at every evaluation: val/energy_db")
    conditions: bool = Field(True, description="shuffle and zero conditions in a full evaluation, to see what they do")
    lpips: Annotated[str | None, PLACE] = Field(None, description="your own LPIPS weight file; null: none")
    fvd: Annotated[str | None, PLACE] = Field(None, description="your own I3D weight file, for FVD; null: none")


class RuntimeConfig(Section):
    """Where it runs. Results are reproducible to the byte for one device, precision and number of threads."""

    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="auto = cuda, else mps, else cpu")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="autocast; auto = bf16 where native")
    threads: int | None = Field(None, ge=1, description="CPU threads; null = one per core")
    compile: bool = Field(False, description="torch.compile the networks: minutes at the start, for long runs on CUDA")
    resident: bool | None = Field(
        None,
        description="keep the training frames on the device; null = on CUDA, if they take less than half of it",
    )
    checkpointing: bool = Field(
        False, description="keep only each stage's inputs for the gradient: less memory, a third more arithmetic"
    )


class Config(Section):
    """Everything that determines one trained model."""

    seed: int = Field(0, ge=0, lt=2**63, description="seed of initial weights, batches, noise and coins")
    n_past: int = Field(2, ge=1, description="true frames given")
    n_future: int = Field(10, ge=1, description="frames predicted in training")
    n_eval: int = Field(10, ge=1, description="frames predicted in evaluation")
    image_size: Literal[32, 64, 128] = Field(64, description="height and width of a frame in pixels")
    store: Annotated[str, PLACE] = Field(".cache/clips", description="folder of the packed data")
    data: Source = Field(default_factory=lambda: PushingWorld(), description="where the frames come from")
    model: ModelConfig = ModelConfig()
    beta: float = Field(
        1e-4,
        ge=0,
        description="target weight of the KL term, for the mean squared error over a frame; "
        "capacity, control and optimal_sigma set their own weight",
    )
    kl_anneal: KLControl = Field(default_factory=ConstantKL, description="how the KL term is weighed")
    teacher_forcing: TeacherForcing = Field(
        default_factory=ConstantTeacherForcing, description="probability that a future step is fed the true frame"
    )
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = TrainConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    runtime: RuntimeConfig = RuntimeConfig()

    @model_validator(mode="after")
    def _has_batch_statistics(self) -> "Config":
        is_forced = isinstance(self.teacher_forcing, ConstantTeacherForcing) and self.teacher_forcing.ratio == 1
        is_stepped = not is_forced or self.model.batch_statistics == "frame"
        if self.train.batch_size == 1 and is_stepped and "batch" in (self.model.norm, self.model.predictor_norm):
            raise ValueError(
                "train.batch_size is 1: model.norm and model.predictor_norm 'batch' need 2 or more clips where steps "
                "are not all teacher-forced, and with model.batch_statistics 'frame'"
            )
        return self

    @model_validator(mode="after")
    def _can_compute_again(self) -> "Config":
        if self.runtime.checkpointing and self.model.norm == "batch":
            raise ValueError(
                "runtime.checkpointing is true: it needs model.norm 'group', because batch norm would count every "
                "frame twice in its running statistics"
            )
        return self

    @property
    def first_free(self) -> int:
        """First frame that the model's own may stand in for in training."""
        return 1 if self.teacher_forcing.frees_given else self.n_past

    @property
    def weight(self) -> Weight:
        """Beta in both conventions."""
        return Weight(self.beta, self.image_size)

    @property
    def top_beta(self) -> float | None:
        """Largest weight of the KL term that the schedule reaches; None where the training sets the weight itself."""
        return None if sets_own_weight(self.kl_anneal.mode) else self.beta

    def describe_convention(self) -> str:
        """Return the line in which a run states what its beta means."""
        if self.top_beta is None:
            return f"kl_anneal {self.kl_anneal.mode} sets the weight of the KL term; beta is not read"
        return (
            f"beta {self.beta:g} for the mean squared error over a frame = beta_sum {self.weight.beta_sum:g} for the "
            f"sum; it implies a Gaussian decoder with sigma {self.weight.sigma:g}"
        )


def build_config(values: dict[str, Any], where: str) -> Config:
    """Return the configuration for a mapping that holds the differences from the defaults.

    Raises:
        InputError: a key is unknown or a value is not allowed; names the path, the value and what is allowed. Or a
            package that is installed adds something under a name of this project's own.
    """
    try:
        check_names()
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise InputError(format_validation_error(error, Config, where)) from error
