"""What `data.json` says: the weights that each arm may train with, beside the threshold of its data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pydantic import ConfigDict, TypeAdapter, ValidationError

from cvae.errors import InputError
from cvae.files import parse_json, write_json
from sweeps.experiment import ArmWeights
from sweeps.experiment_folder.paths import ExperimentFolder


@dataclass(frozen=True)
class DataRecord:
    """What was measured of each arm's data at the last launch: `data.json`."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    arms: Mapping[str, ArmWeights]


_RECORD = TypeAdapter(DataRecord)


def write_data_record(record: DataRecord, root: ExperimentFolder) -> None:
    """Replace `data.json`, for the report to read.

    Raises:
        InputError: the file cannot be written.
    """
    write_json(root.data, asdict(record))


def read_data_record(root: ExperimentFolder) -> DataRecord:
    """Return what was measured at launch; no arm where nothing was.

    Raises:
        InputError: the file is there but is not what run_sweep.py writes.
    """
    try:
        return _RECORD.validate_python(parse_json(root.data.read_bytes()))
    except FileNotFoundError:
        return DataRecord({})
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    except (OSError, ValueError) as error:  # no file to be read, no JSON, no UTF-8
        reason = str(error)
    raise InputError(f"{root.data}: is damaged ({reason}); run_sweep.py writes it again at its next start")
