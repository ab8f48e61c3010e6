"""One module for each thing that `run_sweep.py` can be told.

Exports nothing: looking must not load what launching needs.
"""
