"""Tables that the hub derives from what was published: flattened claims, and the timeline of events."""
