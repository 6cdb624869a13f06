"""Erasing a person wherever the hub holds them: lake, landing, archives, quarantine, identities."""
