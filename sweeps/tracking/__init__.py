"""The wandb mirror of an experiment: one process beside the sweep, which tails the run folders and decides nothing."""
