"""Analysts and operators as Linux accounts: plan, observe, apply. Standard library only.

``converge`` is the door for callers; ``plan`` is pure, and ``observe`` and ``apply`` are the
only parts that touch a host.
"""

from .apply import apply
from .certificates.describe import certificate_facts
from .certificates.issue import issue_certificate
from .certificates.model import Certificate, Mode, check_mode
from .classes import (
    OPERATOR_GROUP,
    SHELL_GROUP,
    SUDO_GROUP,
    Classes,
    class_groups,
    parse_classes,
)
from .keyrequest import key_request
from .keys import Key, parse_key, parse_keys
from .layout import Layout
from .manage import Outcome, converge, list_analysts, list_operators
from .model import ALL_OTHERS, Person, Request, Role, parse_request
from .names import check_name, unknown_person
from .observe import observe
from .planner import plan
from .system import DebianSystem, System

__all__ = [
    "ALL_OTHERS",
    "OPERATOR_GROUP",
    "SHELL_GROUP",
    "SUDO_GROUP",
    "Certificate",
    "Classes",
    "DebianSystem",
    "Key",
    "Layout",
    "Mode",
    "Outcome",
    "Person",
    "Request",
    "Role",
    "System",
    "apply",
    "certificate_facts",
    "check_mode",
    "check_name",
    "class_groups",
    "converge",
    "issue_certificate",
    "key_request",
    "list_analysts",
    "list_operators",
    "observe",
    "parse_classes",
    "parse_key",
    "parse_keys",
    "parse_request",
    "plan",
    "unknown_person",
]
