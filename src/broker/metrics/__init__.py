"""Metrics: numbers with one definition each, from the operator's file to the analyst."""
