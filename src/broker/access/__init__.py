"""Who may do what, proved: a pure policy, and an observer with the ids of each analyst in turn."""

from .people import People, people
from .policy import Areas, Permission, Reader, Rule, rule
from .proof import Proof, Violation, begin_proof, read_proof, write_proof
from .prove import prove
from .why import Answer, why

__all__ = [
    "Answer",
    "Areas",
    "People",
    "Permission",
    "Proof",
    "Reader",
    "Rule",
    "Violation",
    "begin_proof",
    "people",
    "prove",
    "read_proof",
    "rule",
    "why",
    "write_proof",
]
