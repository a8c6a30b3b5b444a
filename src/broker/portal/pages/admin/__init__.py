"""What admins do: people, requests, syncs, generations, the audit log, how the host is."""

from . import audit, health, overview, people, person, requests, sync_log, syncs
from .blueprint import admin

__all__ = [
    "admin",
    "audit",
    "health",
    "overview",
    "people",
    "person",
    "requests",
    "sync_log",
    "syncs",
]
