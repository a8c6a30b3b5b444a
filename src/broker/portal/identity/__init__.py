"""Signing in: who a person is, by which door they came, and how long that counts."""
