"""What playbooks tell a person about analysts and operators, a line each."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

_ALGORITHM = re.compile(r"(ssh|ecdsa)-")


def analyst_lines(analysts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each analyst with rights, keys, origin and state."""
    return [_line(analyst) for analyst in analysts] or ["no analysts yet"]


def operator_lines(operators: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every operator with their rights, keys, origin and state."""
    return [_operator(operator) for operator in operators] or ["no operators yet"]


def _operator(operator: Mapping[str, Any]) -> str:
    keys = ", ".join(_key(key, ()) for key in operator["keys"]) or "no key"
    state = ": ".join(filter(None, [operator["host"], operator["problem"]]))
    rights = "operator with sudo" if operator["sudo"] else "operator"
    who = f"{operator['name']} (uid {operator['uid']}, {operator['origin']}, {state})"
    return f"{who}: {rights}, {keys}"


def _line(analyst: Mapping[str, Any]) -> str:
    certificates = analyst["certificates"]
    keys = ", ".join(_key(key, certificates) for key in analyst["keys"]) or "no key"
    login = "shell" if analyst["shell"] else "transfer only"
    state = ": ".join(filter(None, [analyst["host"], analyst["problem"]]))
    return (
        f"{analyst['name']} (uid {analyst['uid']}, {analyst['origin']}, {state}): "
        f"{'+'.join(['public', *analyst['classes']])}, {login}, "
        f"last sync {analyst['last_sync'] or 'unknown'}, {keys}"
    )


def _key(key: Mapping[str, Any], certificates: Iterable[Mapping[str, Any]]) -> str:
    state = "revoked" if key["revoked"] else key["until"] and f"until {key['until']}"
    ends = [one["until"] for one in certificates if one["fingerprint"] == key["fingerprint"]]
    signed = f"certificate until {max(ends)}" if ends else None
    words = [key["name"] or key["comment"], key["origin"], state, signed]
    return f"{key['fingerprint']} ({', '.join(filter(None, words))})"


def probe_lines(probes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The answer of sshd to each key of a person who left."""
    return [f"{one['name']} with {one['fingerprint']}: {one['answer']}" for one in probes]


def declared_names(people: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names that an inventory declares, but for those that are to be absent."""
    return [one["name"] for one in people if one.get("state") != "absent"]


def welcome_lines(answers: Mapping[str, Any], name: str, address: str) -> list[str]:
    """What an operator sends to a new analyst.

    ``answers`` are those of ``host_probe``: ``sshd`` is its configuration, ``host_key`` the
    public key of the host, ``signers`` the list of who may sign data; ``address`` is what an
    analyst types after the @.
    """
    ports = [line for line in answers["sshd"]["lines"] if line.startswith("port ")]
    port = ports[0].removeprefix("port ")
    host_key, signing_key = (_fingerprint(answers[of]["stdout"]) for of in ("host_key", "signers"))
    host, signers = (_key_of(answers[of]["stdout"]) for of in ("host_key", "signers"))
    place = f"{name}@{address}"
    port_word, port_option = ("", "") if port == "22" else (f" {port}", f" -P {port}")
    return [  # lines without a blank after 80 characters, as Ansible folds others
        f"Send this to {name}:",
        f"Your account is {place}",
        f"The host's key:   {host_key}",
        f"Data are signed:  {signing_key}",
        "Paste this into a terminal, all of it (docs/analyst.md says more):",
        f"(h={host[1]};\\",
        f"s={signers[1]};\\",
        't=$(mktemp -d) && cd "$t" && \\',
        f"echo data-broker {host[0]} $h >known_hosts && \\",
        f"echo data-broker {signers[0]} $s >allowed_signers && \\",
        f"sftp -q{port_option} -o UserKnownHostsFile=known_hosts \\",
        "-o HostKeyAlias=data-broker -o StrictHostKeyChecking=yes \\",
        f"-o UpdateHostKeys=no '{place}:server/scripts/start.sh*' . && \\",
        "ssh-keygen -Y verify -f allowed_signers -I data-broker -n data-broker \\",
        "-s start.sh.sig <start.sh && \\",
        f"sh start.sh {place} ~/data-broker{port_word})",
    ]


def _key_of(line: str) -> tuple[str, str]:
    """Algorithm and key of a line, without what stands before and after them."""
    words = line.split()
    at = next((at for at, word in enumerate(words[:-1]) if _ALGORITHM.match(word)), None)
    if at is None:
        raise AnsibleFilterError(f"expected a public key; found {line!r}")
    return words[at], words[at + 1]


def _fingerprint(line: str) -> str:
    """The key in a line, as ``ssh-keygen -l`` shows it: ``SHA256:…`` and its algorithm."""
    algorithm, key = _key_of(line)
    digest = hashlib.sha256(base64.b64decode(key)).digest()
    algorithm = algorithm.removeprefix("ssh-").partition("-")[0].upper()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')} ({algorithm})"


class FilterModule:
    """Names of the filters, as Ansible asks for them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Every public function here."""
        return {
            "analyst_lines": analyst_lines,
            "declared_names": declared_names,
            "operator_lines": operator_lines,
            "probe_lines": probe_lines,
            "welcome_lines": welcome_lines,
        }
