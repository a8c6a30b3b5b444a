"""Generations: stage, sign, flip, view, prune, roll back, verify."""
