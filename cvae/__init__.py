"""A reusable trainer for action-conditioned stochastic video prediction (SVG, Denton & Fergus 2018).

This package knows nothing of Optuna or wandb; `sweeps` drives it.
"""
