"""Launch the runs of an experiment: `python run_sweep.py experiments/quickstart.yaml`, installed `cvae-sweep`."""

from sweeps.doors.sweep_command import main

if __name__ == "__main__":
    main()
