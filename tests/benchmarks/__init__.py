"""Benchmarks: what the engine takes for work of a known shape, beside what others take for it."""
