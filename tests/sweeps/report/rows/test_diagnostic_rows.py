"""One row for each thing that some confirm run measured beside its score."""

from types import SimpleNamespace
from typing import Any, cast

from sweeps.report.reading.records import ExperimentRecord
from sweeps.report.rows.diagnostic_rows import diagnostic_rows
from sweeps.report.wording import DASH


def experiment(**arms: list[dict[str, Any]]) -> ExperimentRecord:
    """Arms of finished confirm runs, by what each run measured."""
    runs = {arm: [SimpleNamespace(is_finished=True, diagnostics=d) for d in found] for arm, found in arms.items()}
    record = SimpleNamespace(plan=SimpleNamespace(arms=tuple(arms)), of=lambda arm, phase: runs[arm])
    return cast(ExperimentRecord, record)


def test_scores_of_all_samples_have_their_rows_where_they_were_measured() -> None:
    measured = [{"energy_db": 17.0, "crps": 0.04, "posterior_zero_gap": 1.0}, {"energy_db": 18.0, "crps": 0.06}]
    rows = {row.title: row.cells for row in diagnostic_rows(experiment(new=measured, old=[{"rate": 2.0}]))}
    assert rows["energy score, dB"] == ("17.50", DASH)
    assert rows["CRPS"] == ("0.0500", DASH)
    assert rows["posterior less z = 0, dB"] == ("1.00", DASH)
    assert "energy score, dB" not in {row.title for row in diagnostic_rows(experiment(old=[{"rate": 2.0}]))}
