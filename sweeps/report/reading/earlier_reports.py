"""What earlier reports of a folder said, by their verdict.json: metrics that they were for, and words after a look."""

import json
from pathlib import Path

from sweeps.experiment import Metric

Looks = dict[tuple[str, str], tuple[tuple[int, str], ...]]


def earlier_metrics(path: Path, metric: Metric) -> tuple[str, ...]:
    """Return the other metrics, such as `val/ssim (maximize)`, that an earlier report of the folder was written for.

    A report carries them on, so that one that is written twice does not forget them.
    """
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["metric"]
        names = [*known.get("earlier", []), f"{known['name']} ({known['direction']})"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()  # no report yet, or not one of ours: it will be replaced
    now = f"{metric.name} ({metric.direction})"
    return tuple(dict.fromkeys(str(name) for name in names if name != now))


def earlier_looks(path: Path, metric: Metric) -> tuple[Looks, int | None]:
    """Return (a, b) -> the (seeds, word) of earlier reports by this metric, and the seeds planned at the first of them.

    A report carries them on: whoever adds seeds after having seen a verdict is held to an interval that allows for it.
    """
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["metric"]["name"] != metric.name:
            return {}, None
        looks = {
            (str(pair["a"]), str(pair["b"])): tuple((int(n), str(word)) for n, word in pair["looks"])
            for pair in known["pairs"]
        }
        first = int(known["seeds"]["planned_at_first_look"]) if any(looks.values()) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, None  # no report yet, one of an earlier schema, or not one of ours: it will be replaced
    return looks, first
