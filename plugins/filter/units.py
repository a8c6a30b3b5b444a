"""Units of systemd: their names, and those that show a transfer a part of the host."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

ROOM = "/srv/broker"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNIT = re.compile(r"[A-Za-z0-9:_.-]+(@[A-Za-z0-9:_.-]*)?\.(service|target|socket|path|timer)")
_MOUNT = """# Ansible managed
[Unit]
Description=What transfers of the data broker see of {what}
Documentation=man:sshd_config(5)
After=systemd-journald-dev-log.socket systemd-journald.socket
Before=ssh.service

[Mount]
What={what}
Where={where}
Type=none
Options={options}

[Install]
WantedBy=multi-user.target
"""


def mount_units(mounts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The text of each unit by its name; ``where``, below the room, is ``what`` by default."""
    units = {}
    for mount in mounts:
        where = f"{ROOM}{mount.get('where', mount['what'])}"
        units[mount_unit(where)] = _MOUNT.format(**{**mount, "where": where})
    return units


def mounts_astray(shown: str, mounts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Place and options, in turn, of each mount of a folder that is hidden or has not all options.

    ``shown`` is what ``findmnt --list --json --output=TARGET,OPTIONS`` prints.
    """
    found: dict[str, list[set[str]]] = {}
    for one in json.loads(shown)["filesystems"]:
        found.setdefault(one["target"], []).append({*one["options"].split(",")})
    wanted = {
        f"{ROOM}{mount['what']}": mount["options"].removeprefix("bind,private,")
        for mount in mounts
        if not mount.get("file")
    }
    return [
        word
        for place, options in wanted.items()
        if len(found.get(place, ())) != 1 or not {*options.split(",")} <= found[place][0]
        for word in (place, options)
    ]


def mount_files(mounts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """An empty file for each mount of a file, as the module ``host_files`` takes it."""
    places = (mount.get("where", mount["what"]) for mount in mounts if mount.get("file"))
    return [{"path": f"{ROOM}{place}", "content": "", "once": True} for place in places]


def mount_unit(path: str) -> str:
    """The name of the unit that mounts at a path: systemd.unit(5), string escaping."""
    parts = [part for part in path.split("/") if part]
    escaped = (re.sub(r"[^A-Za-z0-9:_.]", _escape, part) for part in parts)
    return "-".join(escaped) + ".mount"


def invalid_networks(values: Iterable[Any]) -> list[str]:
    """Those that ``IPAddressDeny=`` would ignore: systemd.resource-control(5)."""
    return [str(value) for value in values if not _is_network(str(value))]


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return text in ("any", "link-local", "localhost", "multicast")
    return True


def failure_hook(value: Any) -> dict[str, str]:
    """What ``broker_on_failure`` is: a unit for ``OnFailure=``, with the command that it runs.

    An operator's template gets the name of the failed unit as its instance; ``example`` is such an
    instance. ``problem`` is empty, or says what is wrong; only systemd knows the rest.
    """
    text = value.strip() if isinstance(value, str) else repr(value)
    wrong = _wrong_hook(value, text)
    unit = command = example = ""
    if text.startswith("/") and not wrong:
        unit, command = "broker-failed@%n.service", text
    elif text and not wrong:
        unit = text.replace("@.", "@%n.")
        example = text.replace("@.", "@broker-sync.service.")
    return {"unit": unit, "command": command, "example": example, "problem": wrong}


def _wrong_hook(value: Any, text: str) -> str:
    """Why systemd would not take it, or would take it for something else; empty if it would."""
    if not isinstance(value, str) or _CONTROL.search(value):
        return f"{value!r} is not one line of text"
    if text.startswith("/"):
        if text.endswith("\\"):
            return f"{text!r} ends with a backslash"
        return f"{text!r} has a `;` of its own" if ";" in text.split() else ""
    if text and (not _UNIT.fullmatch(text) or text.startswith("broker-")):
        return f"{text!r} is neither"
    return ""


def unit_templates(units: Iterable[str]) -> list[str]:
    """Where the templates of a role's units stand."""
    return [f"etc/systemd/system/{unit}.j2" for unit in units]


def _escape(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode())


class FilterModule:
    """Names of the filters, as Ansible asks for them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Every public function here."""
        return {
            "failure_hook": failure_hook,
            "invalid_networks": invalid_networks,
            "mount_files": mount_files,
            "mount_unit": mount_unit,
            "mount_units": mount_units,
            "mounts_astray": mounts_astray,
            "unit_templates": unit_templates,
        }
