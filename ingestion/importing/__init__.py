"""Contracts drafted from descriptions that others keep: Frictionless Table Schemas."""
