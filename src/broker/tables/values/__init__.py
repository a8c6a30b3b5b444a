"""What a text says as a value of a type: the only place that decides it."""
