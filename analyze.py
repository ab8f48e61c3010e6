"""Compare an experiment's arms: `python analyze.py runs/kl-annealing`, installed `cvae-analyze`."""

from sweeps.doors.analyze_command import main

if __name__ == "__main__":
    main()
