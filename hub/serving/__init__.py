"""`hub serve`: every part of the hub started, watched and stopped together."""
