"""What an analyst gets: scripts, instructions, documentation, views."""
