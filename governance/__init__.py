"""People, applications, permits and the events that made them."""
