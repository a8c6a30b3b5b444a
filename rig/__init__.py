"""Throwaway hosts and stand-ins of other services: for the demo, for Molecule and for tests."""
