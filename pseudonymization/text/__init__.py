"""French clinical text without the people in it."""
