"""Where everything of the broker stands on a deployed host. Standard library only.

The roles make these places; ``tests/unit/ansible/test_hostpaths.py`` compares both.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "ACCOUNTS_SOCKET",
    "AUDIT_LOG",
    "CLASSES",
    "CONFIG",
    "DATA",
    "DEPLOYED",
    "HOMES",
    "KEYS",
    "LOGS",
    "PORTAL_STATE",
    "PROGRAMS",
    "PROOF",
    "PUBLISHING_SOCKET",
    "PULLS_CURSOR",
    "RELEASES",
    "RUN",
    "SERVED",
    "SETTINGS",
    "STATE",
    "STORE",
    "STORE_OWNERS",
    "STORE_RECORD",
    "SYNCS",
    "TLS_CERTIFICATE",
    "VALID_CERTIFICATES",
    "VIEW_LINK",
    "VIEW_PARTS",
]

CONFIG = Path("/etc/data-broker")
STATE = Path("/var/lib/data-broker")
LOGS = Path("/var/log/data-broker")
RELEASES = Path("/opt/data-broker")
DATA = Path("/data")
HOMES = Path("/home")
RUN = Path("/run")

STORE = DATA / "src_data"
SIGNERS = DATA / "scripts/allowed_signers"  # who signs what laptops trust
HOST_KEY = Path("/etc/ssh/ssh_host_ed25519_key.pub")
PROGRAMS = RELEASES / "current/venv/bin"
KEYS = CONFIG / "authorized_keys"  # one file per person
DEPLOYED = CONFIG / "deployed.json"  # which release, and of which commit
CLASSES = CONFIG / "access_classes.json"  # which Linux group stands for which access class
VALID_CERTIFICATES = CONFIG / "standing_certificates"  # those that open a session
PORTAL_STATE = Path("/var/lib/broker-portal")  # the portal's own: people, sessions, requests
AUDIT_LOG = LOGS / "audit.jsonl"
PROOF = STATE / "access-proof.json"
SYNCS = STATE / "syncs.json"  # how each sync ended
STORE_RECORD = STATE / "store.json"  # the id of the store that this host knows
STORE_OWNERS = STATE / "store-owners.json"  # what is left to do of a store that changed hosts
PULLS_CURSOR = STATE / "pulls.cursor"  # up to where pulls were collected from the journal
ACCOUNTS_SOCKET = RUN / "broker-accounts.sock"
PUBLISHING_SOCKET = RUN / "broker-publishing.sock"
TLS_CERTIFICATE = CONFIG / "tls/certificate.pem"  # with those between it and its root

# What the folder server/ of each analyst shows, as links but for the last.
VIEW_LINK = "generation"  # to the analyst's view of the current generation
VIEW_PARTS = ("docs", "metadata", "parquet")  # to folders of this view
SERVED = ("examples", "scripts", "wheels")  # to folders of DATA
SETTINGS = "settings"  # a folder of the analyst's alone, where they chose something
