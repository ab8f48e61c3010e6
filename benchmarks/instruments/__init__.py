"""What benchmarks measure with: named baselines, workers that compute nothing, a landscape, the table."""
