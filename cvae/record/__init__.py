"""What a run leaves on disk: files, statuses, names, flags. Anything may read it, so nothing here needs torch."""

from cvae.record.flags import COLLAPSED_KL, LEAST_CODE_SHARE, flags_by_record, is_collapsed, is_diverged, make_flags
from cvae.record.names import FINAL_STATUSES, LOST, PREFIXES, TIMINGS, Status
from cvae.record.numbers import finite, numbers_of
from cvae.record.run_folder import RunFolder
from cvae.record.run_state import RunError, RunIdentity, RunState, parse_record

__all__ = [
    "COLLAPSED_KL",
    "FINAL_STATUSES",
    "LEAST_CODE_SHARE",
    "LOST",
    "PREFIXES",
    "TIMINGS",
    "RunError",
    "RunFolder",
    "RunIdentity",
    "RunState",
    "Status",
    "finite",
    "flags_by_record",
    "is_collapsed",
    "is_diverged",
    "make_flags",
    "numbers_of",
    "parse_record",
]
