"""Keys, keyed digests, person links and text redaction."""
