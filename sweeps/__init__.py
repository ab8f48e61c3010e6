"""Studies over trainings: what is compared, where it runs, how it stands, what came out.

Optuna and wandb live here only."""
