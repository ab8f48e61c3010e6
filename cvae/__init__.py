"""One configuration in, one run folder out: the trainer. It knows no studies; a sweep and a report build on it."""
