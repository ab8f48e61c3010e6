"""A table of results that a team already has, as an experiment's folder for the same report."""

from sweeps.csv_import.csv_importer import ScoreMeaning, import_csv

__all__ = ["ScoreMeaning", "import_csv"]
