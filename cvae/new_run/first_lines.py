"""What is said of a new run: of its data before it trains, and of a first evaluation that bodes ill."""

from pathlib import Path

from cvae.config import Config
from cvae.data import store_threshold
from cvae.data.store import open_store


def describe_threshold(config: Config) -> str:
    """Return what the data at hand says of the weight above which no latent can live, with a warning if need be.

    Raises:
        InputError: the data has a fault.
    """
    store = open_store(config.data, config.image_size, Path(config.store))
    threshold = store_threshold(store, config.n_past + config.n_future)
    return "too few clips to estimate beta_c" if threshold is None else threshold.format(config.top_beta)


def format_mute_code(share: float) -> str:
    """Return what is said of codes of which so small a share differs between frames."""
    return (
        f"{share:.0%} of the codes' second moment differ between frames: the latent hardly hears which frame it is of "
        "(docs/evaluation.md says what helps)"
    )
