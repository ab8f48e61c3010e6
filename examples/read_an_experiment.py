"""Print what a sweep found, and draw one of its figures: python read_an_experiment.py FOLDER."""

import sys
from pathlib import Path

import sweeps

found = sweeps.analyse(sys.argv[1])
print(found.verdict)
for row in found.arms:
    print(f"{row['arm']}: {row['mean']:.2f} over {row['n']} seeds")
for level, title, _ in found.checks:
    if level != "pass":
        print(f"{level}: {title}")
Path("differences.svg").write_text(found.figures["differences"].svg())
