"""What an operator sends to a new analyst: one line that trusts nothing on first use. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import AccountsError

__all__ = ["ContactLines", "first_contact", "first_contact_on_windows"]

_ALGORITHM = re.compile(r"(ssh|ecdsa)-")
_FOLDER = "~/data-broker"
_MOST_KEYS = 3  # with those of the usual files no more than a host lets be tried
_LONGEST_KEY = 900  # a Mac's terminal takes 1,024 bytes of a line
# Whether each listed file of the scripts is as signed.
_WHOLE_SET = (
    "import hashlib, pathlib; exit(any(hashlib.sha256(pathlib.Path('server', n).read_bytes())"
    ".hexdigest() != d for d, n in map(str.split, open('server/scripts/SHA256SUMS')) "
    "if n.startswith('scripts/')))"
)
_USUAL_FILES = ("id_ed25519", "id_ecdsa", "id_rsa")


@dataclass(frozen=True, slots=True)
class ContactLines:
    """``shell`` is for a POSIX shell, with what it trusts; ``windows`` for a Command Prompt."""

    shell: list[str]
    windows: list[str]


def first_contact(
    place: str, port: int, host_key: str, signers: str, keys: Sequence[str] = ()
) -> list[str]:
    """The lines to send; those after ``Paste this`` are one command of a shell.

    ``place`` is what the analyst types to reach the host, ``host_key`` the line of its public key,
    ``signers`` the list of who may sign data, ``keys`` the lines of the analyst's own: an agent
    with many offers these alone, as a host counts wrong ones and then shuts the door. No line has
    a blank after 80 characters, where Ansible would fold it. Raises ``AccountsError`` where a
    public key is missing.
    """
    host, signer = _key_of(host_key), _key_of(signers)
    word, option = ("", "") if port == 22 else (f" {port}", f" -P {port}")
    own = [" ".join(_key_of(line)) for line in keys]
    own = [key for key in own if len(key) < _LONGEST_KEY][:_MOST_KEYS]
    files = [f"key{number}.pub" for number, _ in enumerate(own, 1)]
    offered = [*files, *(f"~/.ssh/{name}" for name in _USUAL_FILES)] if own else []
    return [
        f"Your account is {place}",
        f"The host's key:   {_fingerprint(*host)}",
        f"Data are signed:  {_fingerprint(*signer)}",
        "Paste this into a terminal, all of it (docs/analyst.md says more):",
        f"(h={host[1]};\\",
        f"s={signer[1]};\\",
        *(f"k{number}='{key}';\\" for number, key in enumerate(own, 1)),
        't=$(mktemp -d) && cd "$t" && \\',
        f"echo data-broker {host[0]} $h >known_hosts && \\",
        f"echo data-broker {signer[0]} $s >allowed_signers && \\",
        *(f'echo "$k{number}" >{file} && \\' for number, file in enumerate(files, 1)),
        f"sftp -q{option} -o UserKnownHostsFile=known_hosts \\",
        *(["-o IdentitiesOnly=yes \\"] if own else []),
        *(f"-o IdentityFile={file} \\" for file in offered),
        "-o HostKeyAlias=data-broker -o StrictHostKeyChecking=yes \\",
        f"-o UpdateHostKeys=no {shlex.quote(f'{place}:server/scripts/start.sh*')} . && \\",
        "ssh-keygen -Y verify -f allowed_signers -I data-broker -n data-broker-scripts \\",
        "-s start.sh.sig <start.sh && \\",
        f"sh start.sh {shlex.quote(place)} {_FOLDER}{word})",
    ]


def first_contact_on_windows(place: str, port: int, host_key: str, signers: str) -> list[str]:
    """The same for a Command Prompt of Windows without WSL, as ``docs/analyst.md`` has it.

    Raises ``AccountsError`` where a public key is missing.
    """
    host, signer = _key_of(host_key), _key_of(signers)
    return [
        r"mkdir data-broker\.broker data-broker\server",
        "cd data-broker",
        rf">.broker\known_hosts echo data-broker {host[0]} {host[1]}",
        rf">.broker\allowed_signers echo data-broker {signer[0]} {signer[1]}",
        r">.broker\ssh_config echo HostKeyAlias data-broker",
        r">>.broker\ssh_config echo UserKnownHostsFile .broker/known_hosts",
        r">>.broker\ssh_config echo StrictHostKeyChecking yes",
        r">>.broker\ssh_config echo UpdateHostKeys no",
        *([] if port == 22 else [rf">>.broker\ssh_config echo Port {port}"]),
        f"sftp -q -r -F .broker/ssh_config {place}:server/scripts server",
        "ssh-keygen -Y verify -f .broker/allowed_signers -I data-broker -n data-broker-scripts "
        r"-s server/scripts/SHA256SUMS.sig <server\scripts\SHA256SUMS",
        f'if not errorlevel 1 python -I -c "{_WHOLE_SET}"',
        rf"if not errorlevel 1 server\scripts\sync_data.cmd {place}",
    ]


def _key_of(line: str) -> tuple[str, str]:
    """Algorithm and key of a line, without what stands before and after them."""
    words = line.split()
    at = next((at for at, word in enumerate(words[:-1]) if _ALGORITHM.match(word)), None)
    if at is None:
        raise AccountsError("a public key is missing", expected="a public key", found=repr(line))
    return words[at], words[at + 1]


def _fingerprint(algorithm: str, key: str) -> str:
    """As ``ssh-keygen -l`` shows it: ``SHA256:…`` and its algorithm."""
    digest = hashlib.sha256(base64.b64decode(key)).digest()
    name = algorithm.removeprefix("ssh-").partition("-")[0].upper()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')} ({name})"
