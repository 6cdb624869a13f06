"""Contracts, sources, checks, batches, ledger and lake."""
