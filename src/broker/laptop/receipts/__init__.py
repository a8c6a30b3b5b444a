"""Proof of an answer: what was asked of which data, and what came back, to be asked again."""
