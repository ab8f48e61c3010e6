"""The study of annealing strategies: Optuna and wandb live here, the trainer in `cvae`."""
