"""Who may do what, proved: a pure policy, and an observer that becomes each analyst in turn."""

from .people import People, people
from .policy import Areas, Reader, Rule, Verb, rule
from .proof import PROOF, Finding, Proof, begin_proof, read_proof, write_proof
from .prove import prove
from .why import Answer, why

__all__ = [
    "PROOF",
    "Answer",
    "Areas",
    "Finding",
    "People",
    "Proof",
    "Reader",
    "Rule",
    "Verb",
    "begin_proof",
    "people",
    "prove",
    "read_proof",
    "rule",
    "why",
    "write_proof",
]
