"""What went wrong between this laptop and the broker, in one sentence.

ssh writes banners and warnings before it says why it failed, and rsync after that: rsync 3 as
``rsync: …``, openrsync as ``rsync(PID): error: …``.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ...foreign.text import prose
from ..starting import QUERY

__all__ = [
    "NO_SESSION",
    "as_rsync_3",
    "complaint",
    "ended_certificate",
    "is_absent",
    "is_refusal",
    "met_a_publish",
]

_REFUSED = re.compile(
    r"Permission denied \([a-z]|Host key verification failed|Too many authentication fail"
)
# What says nothing of the reason: rsync's last words, warnings, frames, stars and names of files.
_NOISE = re.compile(
    r"rsync error|rsync: connection unexpectedly closed|protocol version mismatch|\(see the rsync|"
    r"rsync\([0-9]+\): (?:warning|error: (?:unexpected end of file|poll: |io_))|"
    r"Warning|warning|\*\*|@@@|Connection (?:to \S+ )?closed|Disconnected|[^A-Za-z]*$|\S+$"
)
_OF_RSYNC = re.compile(r"rsync(?:\([0-9]+\))?: ")
_OF_OPENRSYNC = re.compile(r"^rsync\([0-9]+\): error: (.*)", re.MULTILINE)
_BROKEN = re.compile(r"unexpected end of file|poll: |(?:Broken pipe|Connection reset by peer)$")
_FAILURES = (1, 14)  # of openrsync, for whatever breaks
NO_SESSION = 254  # of sshd, which takes the key and then opens no session


def as_rsync_3(code: int, errors: str) -> int:
    """The exit code that rsync 3 has for this: openrsync's says little.

    Where the host writes a sentence and opens no session, rsync reads the sentence as its protocol.
    """
    if code == 2 and "is your shell clean?" in errors:
        return NO_SESSION
    own = _OF_OPENRSYNC.findall(errors)
    if code not in _FAILURES or not own:
        return code
    if any(line.endswith("No space left on device") for line in own):
        return 11
    if not any(_BROKEN.search(line) for line in own):
        return code
    return 255 if re.search(r"^ssh: ", errors, re.MULTILINE) else 12


def is_refusal(errors: str) -> bool:
    """Another try would be refused as well, and sshd shuts out who tries too often."""
    return _REFUSED.search(errors) is not None


def is_absent(folder: str, errors: str) -> bool:
    """Whether the broker has no such folder in ``server/``: its own words, or those of rsync."""
    place = re.escape(f"server/{folder}")
    own = rf"There is no '{place}/' here"
    plain = rf'{place}"? failed: No such file or directory \(2\)'
    return re.search(f"{own}|{plain}", errors) is not None


def met_a_publish(errors: str) -> bool:
    """rsync 3.5 follows links one by one, and fails where the broker replaces one meanwhile."""
    return "Too many levels of symbolic links (40)" in errors


def complaint(
    code: int, errors: str, name: str, ssh: Sequence[str], *, root: Path, program: str = "rsync"
) -> str:
    """The sentence. ``code`` is as of rsync's exit codes, ``ssh`` the command line of ssh in the
    folder ``root``.
    """
    if is_refusal(errors):
        code = 255
    host = name.partition("@")[2] or name
    known = {
        255: f"{name} cannot be reached over ssh: check the network, the name and your key",
        12: f"the connection to {name} broke off three times; what has arrived is kept",
        11: "this disk cannot be written to; is it full?",
        NO_SESSION: f"{name} takes your key and opens no session, as where too many logins of "
        "yours are open there: try again in a minute",
    }
    known[30] = known[35] = known[12]
    sentence = known.get(code, f"{program} could not fetch everything (exit code {code})")
    if "Host key verification failed" in errors:
        sentence = (
            f"the key of the host {host} is not the one that this folder knows. Ask the operator: "
            "if it was changed on purpose, there is a new line for a first contact"
        )
    elif "Too many authentication fail" in errors:
        sentence = (
            f"{host} was offered too many keys before the right one. Name it in "
            ".broker/ssh_config: IdentityFile ~/.ssh/YOUR_KEY"
        )
    certificate = ended_certificate(name, ssh, root) if code in (12, 255) else ""
    parts = [sentence, certificate, _reason(errors)]
    return ". ".join(part for part in parts if part)


def _reason(errors: str) -> str:
    """The last line that says something: of ssh and the host, else of rsync, which ends after."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if not _NOISE.match(line)]
    of_others = [line for line in telling if not _OF_RSYNC.match(line)]
    return prose((of_others or telling)[-1], 500) if telling else ""


def ended_certificate(name: str, ssh: Sequence[str], root: Path) -> str:
    """A broker may take certificates, which end after some hours; ssh itself only says "denied"."""
    try:
        settings = subprocess.run(
            [*ssh, "-G", name], cwd=root, capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    for line in settings.stdout.splitlines():
        kind, _, path = line.partition(" ")
        if kind == "identityfile":
            path += "-cert.pub"
        elif kind != "certificatefile":
            continue
        until = _end_of(root / Path(path).expanduser())
        if until is not None and until < datetime.now():
            return (
                f"Your certificate {path} ended at {until.isoformat()}: {QUERY} login renews it "
                "where there is a portal; else ask for a new one"
            )
    return ""


def _end_of(certificate: Path) -> datetime | None:
    """In the time of this laptop; None where there is none, or it has no end."""
    if not certificate.is_file():
        return None
    shown = subprocess.run(
        ["ssh-keygen", "-L", "-f", str(certificate)], capture_output=True, text=True, check=False
    )
    found = re.search(r"Valid: .* to (\S+)", shown.stdout)
    try:
        return datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
