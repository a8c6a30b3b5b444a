"""What playbooks tell a person about analysts and operators, a line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


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


class FilterModule:
    """Names of the filters, as Ansible asks for them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Every public function here."""
        return {
            "analyst_lines": analyst_lines,
            "declared_names": declared_names,
            "operator_lines": operator_lines,
            "probe_lines": probe_lines,
        }
