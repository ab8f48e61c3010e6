"""How a file appears whole, how JSON is read from one, and how one process at a time works on something."""

from cvae.files.claims import claim_once
from cvae.files.file_systems import network_type
from cvae.files.locks import held, holder_of, is_locked
from cvae.files.whole_files import (
    lies_within,
    parse_json,
    read_current,
    read_json,
    readable_text,
    require_folder,
    sweep_up,
    write_atomically,
    write_json,
)

__all__ = [
    "claim_once",
    "held",
    "holder_of",
    "is_locked",
    "lies_within",
    "network_type",
    "parse_json",
    "read_current",
    "read_json",
    "readable_text",
    "require_folder",
    "sweep_up",
    "write_atomically",
    "write_json",
]
