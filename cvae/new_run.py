"""The folder of a new run, and what is said of its data and its first evaluation."""

from pathlib import Path

from cvae.config import Config, build_config, dump_yaml, load_yaml_mapping
from cvae.data import store_threshold
from cvae.data.store import open_store
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.record import RunFolder


def describe_threshold(config: Config) -> str:
    """Return what the data at hand says of the weight above which no latent can live, with a warning if need be.

    Raises:
        InputError: the data has a fault.
    """
    store = open_store(config.data, config.image_size, Path(config.store))
    threshold = store_threshold(store, config.n_past + config.n_future)
    return "too few clips to estimate beta_c" if threshold is None else threshold.format(config.top_beta)


def prepare(folder: RunFolder, config: Config) -> None:
    """Write the configuration of a new run; a folder in which another one has trained is refused.

    What a first start left that failed before its first evaluation is no training: the corrected one takes its place.

    Raises:
        InputError: the folder cannot be written or holds a run with another configuration.
    """
    text = dump_yaml(config.model_dump(mode="json"))
    has_begun = folder.checkpoint.exists() or bool(folder.read_epochs())
    if folder.config.exists() and (has_begun or folder.is_being_trained()):
        if build_config(load_yaml_mapping(folder.config), str(folder.config)) != config:
            raise InputError(f"{folder.path}: holds a run with another configuration; choose another --out")
        return
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        if not has_begun:
            folder.state.unlink(missing_ok=True)  # a failure is final; it was that of the mistaken configuration
    except OSError as error:
        raise InputError(f"{folder.path}: cannot be created ({error.strerror})") from error
    write_atomically(folder.config, text.encode())


def format_mute_code(share: float) -> str:
    """Return what is said of codes of which so small a share differs between frames."""
    return (
        f"{share:.0%} of the codes' second moment differ between frames: the latent hardly hears which frame it is of "
        "(docs/evaluation.md says what helps)"
    )
