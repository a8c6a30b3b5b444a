"""Analysts and operators as Linux accounts: plan, observe, apply. Standard library only.

``converge`` is the door for callers; ``plan`` is pure, and ``observe`` and ``apply`` are the
only parts that touch a host.
"""

from .debian.apply import apply
from .debian.host import Host
from .debian.observe import observe
from .debian.system import DebianSystem, System
from .issue import issue_certificate
from .manage import Outcome, converge, list_analysts, list_operators
from .planning.describe_certificates import certificate_facts
from .planning.planner import plan
from .records.certificates import Certificate, Mode, check_mode
from .records.classes import (
    Classes,
    class_groups,
    parse_classes,
)
from .records.keyrequest import key_request
from .records.keys import Key, parse_key, parse_keys
from .records.model import ALL_OTHERS, Person, Request, Role, parse_request
from .records.names import check_name, unknown_person
from .records.paths import HostPaths

__all__ = [
    "ALL_OTHERS",
    "Certificate",
    "Classes",
    "DebianSystem",
    "Host",
    "HostPaths",
    "Key",
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
