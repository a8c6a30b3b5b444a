"""Stand-ins over real sockets for what the broker talks to."""
