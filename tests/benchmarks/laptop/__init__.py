"""Benchmarks of the laptop: two booted hosts, real ssh between them."""
