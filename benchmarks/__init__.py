"""Measures the hub against the bare engine: `python -m benchmarks --help`."""
