"""The wandb mirror: `wandb_schema` says every name that is written there.

Exports nothing: most of it needs no wandb.
"""
