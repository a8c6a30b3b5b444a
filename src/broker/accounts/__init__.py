"""Analysts as Linux accounts: plan, observe, apply. Standard library only."""
