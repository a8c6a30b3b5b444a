"""What an analyst gets: scripts and examples (``files/``), installed to the host as they are."""
