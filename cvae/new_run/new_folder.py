"""The folder of a new run."""

from cvae.config import Config, build_config, dump_yaml, load_yaml_mapping
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.record import RunFolder


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
