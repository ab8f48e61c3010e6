"""Optuna's side: one study for each arm, its storage, samplers, pruners, and the copies that a dashboard shows.

Exports nothing, so that what needs one module of it does not load optuna for another.
"""
