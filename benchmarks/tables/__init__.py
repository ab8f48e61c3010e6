"""The measured tables of the pages, made from what the benchmarks recorded."""

from benchmarks.tables.blocks import PAGES, rewritten

__all__ = ["PAGES", "rewritten"]
