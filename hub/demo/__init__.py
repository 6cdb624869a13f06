"""A synthetic sample and the guided demonstration."""
