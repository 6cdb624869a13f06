"""Incidents: what a watch over the hub found, until a person says what was done about it."""

from hub.incidents.incidents import Incident, Incidents

__all__ = ["Incident", "Incidents"]
