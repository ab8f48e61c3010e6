"""The comparison report: from an experiment's folder to a verdict, its figures and one self-contained page."""
