"""When a run counts as diverged or as collapsed: the rules, without torch."""

from collections.abc import Mapping, Sequence
from typing import Any

from cvae.record.numbers import finite

#: Nats a sequence below which the posterior says nothing.
COLLAPSED_KL = 0.01

#: Share of the codes' second moment that has to differ between frames for a code to say which frame it is of.
LEAST_CODE_SHARE = 0.2

#: dB that a model has to be above the best flat colour.
DIVERGED_MARGIN_DB = 1.0

#: Mean squared difference of two samples below which they are the same frames: far under half a grey level, (1/510)^2.
EQUAL_SAMPLES_MSE = 1e-12


def is_diverged(psnr: float, flat_colour_psnr: float) -> bool:
    """Return whether a score is below the best flat colour + 1 dB, or is no number."""
    return not psnr >= flat_colour_psnr + DIVERGED_MARGIN_DB  # not "<": a nan has diverged


def is_collapsed(kl: float | None, difference: float | None = None) -> bool:
    """Return whether the latent says nothing.

    Args:
        kl: posterior's KL from the prior, nats a sequence; None where no evaluation was recorded.
        difference: mean squared difference of two samples of a clip; None where they were not drawn.
    """
    return (kl is not None and kl < COLLAPSED_KL) or (difference is not None and difference < EQUAL_SAMPLES_MSE)


def make_flags(*, diverged: bool, collapsed: bool) -> dict[str, bool]:
    """Return what `state.json` holds as `flags`."""
    return {"diverged": diverged, "collapsed": collapsed}


def flags_by_record(epochs: Sequence[Mapping[str, Any]], *, diverged: bool) -> dict[str, bool]:
    """Return the flags of a run whose weights cannot be evaluated, by what it recorded last."""
    last = epochs[-1].get("train/kl") if epochs else None
    return make_flags(diverged=diverged, collapsed=is_collapsed(finite(last)))  # a damaged line may hold anything
