"""The demonstration: a synthetic sample, and the chain played from end to end."""
