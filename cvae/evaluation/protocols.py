"""Which protocols there are, and what an evaluation is asked for."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from cvae.data.store import Clips
from cvae.evaluation.condition_ablation import Ablation, ablations
from cvae.evaluation.metrics import METRICS, FrameMetric, Fvd
from cvae.model import CVAE

Protocol = Literal["prior", "best", "mean", "posterior", "zero", "conditions"]

ALL: tuple[Protocol, ...] = ("prior", "best", "mean", "posterior", "zero", "conditions")


@dataclass(frozen=True)
class EvaluationPlan:
    """What is evaluated."""

    n_samples: int  # N of best of N and mean of N
    batch_size: int  # rows at a time, fewer where memory asks for it; moves no score
    seed: int
    n_actions: int  # columns of the conditions that are actions; positions follow
    n_pictured: int = 4  # clips whose frames are kept for pictures
    protocols: Collection[Protocol] = ALL  # the prior is scored whatever else is
    latent: bool = True  # run the inference network, too: what the latent says, and the protocols that rest on it
    n_proper: int = 0  # samples drawn for the proper scores where N samples do not tell them; 0: none
    metrics: dict[str, FrameMetric] = field(default_factory=lambda: dict(METRICS))
    fvd: Fvd | None = None

    @property
    def needs_samples(self) -> bool:
        """Whether N samples are needed."""
        return bool({"best", "mean"} & set(self.protocols))

    @property
    def n_drawn_apart(self) -> int:
        """How many samples of a clip are drawn for the proper scores alone."""
        return 0 if self.needs_samples and self.n_samples > 1 else self.n_proper


def count_passes(model: CVAE, clips: Clips, plan: EvaluationPlan) -> int:
    """Return how many predictions of a clip there are in all: what the bar counts."""
    n_single = 1 + plan.n_drawn_apart  # the prior
    if plan.latent:  # the pass that infers, and what rests on it
        n_single += 1 + sum(name in plan.protocols for name in ("posterior", "zero"))
        n_single += len(ablations_of(model, clips, plan))
    return len(clips) * (n_single + (plan.n_samples if plan.needs_samples else 0))


def ablations_of(model: CVAE, clips: Clips, plan: EvaluationPlan) -> dict[str, Ablation]:
    """Return the wrong conditions that are tried; a model that sees none is spared them."""
    if "conditions" not in plan.protocols or not model.conditioning.conditioned:
        return {}
    return ablations(plan.n_actions, clips.n_conditions, len(clips))
