"""What a data holder runs before sending: direct identifiers leave its house as keyed digests only."""
