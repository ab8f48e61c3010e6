"""The two commands people type, `run_sweep.py` and `analyze.py`, installed as `cvae-sweep` and `cvae-analyze`.

Exports nothing: each loads what it needs by itself, once it is known what was asked.
"""
