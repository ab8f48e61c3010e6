"""The tables: printed, and with --write kept where the report reads them."""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.calibration import N_STUDIES, coverage, families, looking, losses, power, strategies
from benchmarks.calibration.simulated_seeds import BREAKDOWN_DB, SEED_SD

TABLE = Path(__file__).parents[2] / "sweeps" / "report" / "statistics" / "calibration.json"


def measure(n_studies: int = N_STUDIES) -> dict[str, Any]:
    """Return every table."""
    return {
        "model": {"seed_sd": SEED_SD, "breakdown_db": BREAKDOWN_DB},
        "coverage": coverage(n_studies),
        "families": families(n_studies),
        "losses": losses(n_studies),
        "looking": looking(n_studies),
        "power": power(n_studies),
        "strategies": strategies(n_studies),
    }


if __name__ == "__main__":
    tables = measure()
    for name, rows in tables.items():
        for row in rows if isinstance(rows, list) else [rows]:
            print(name, *(f"{key} {value}" for key, value in row.items()))
    if "--write" in sys.argv:
        TABLE.write_text(json.dumps(tables, indent=1) + "\n")
