"""Permit to extract, workspace and tracking."""
