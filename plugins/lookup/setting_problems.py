"""Invalid settings, found on the controller before any task runs on a host."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: setting_problems
short_description: Finds settings that no role knows, or that cannot be what they are
description:
  - A setting is a variable of this repository's C(group_vars/all/); its default there says of which
    kind a value must be. A variable whose name begins with C(broker_) and is not one of them is a
    mistake, and so is a name that differs from one of them by a letter or two.
  - Finds files of variables that Ansible does not read, because another form of the same name
    stands beside them, because their name is nearly that of the host or of a group of it, or
    because of their ending.
  - Asks no host. One sentence for each problem, in the names that the operator wrote.
options: {}
"""

RETURN = """
_raw:
  description: What is wrong, a sentence each.
  type: list
  elements: str
"""

GROUP_VARS = Path(__file__).resolve().parents[2] / "group_vars" / "all"
# Old names of settings, and what they are called now.
RENAMED = {
    "broker_data_descriptions": "broker_data_description",
    "broker_user_memory_max": "broker_analyst_memory_max",
    "broker_user_tasks_max": "broker_max_processes",
}
# Endings of files of variables that Ansible reads, and of those that a person keeps beside them.
_READ = (".yml", ".yaml", ".json")
_KEPT_ASIDE = (
    ".bak",
    ".dist",
    ".example",
    ".md",
    ".old",
    ".orig",
    ".rej",
    ".sample",
    ".save",
    ".swp",
)
_SETS = re.compile(rb"^(broker_\w+\s*:|\$ANSIBLE_VAULT;)", re.MULTILINE)
_LIKE = {
    bool: "true or false",
    int: "a whole number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}
_FLAGS = ("true", "false", "yes", "no", "on", "off")
# Least and most of a whole number; others begin at 1.
_RANGES = {
    "broker_min_free_mb": (0, None),
    "broker_analyst_reserve_mb": (0, None),
    "broker_analyst_weight": (1, 10000),
    "broker_ssh_logins_at_once": (1, 50),
    "broker_ssh_trial_seconds": (10, 3600),
}
# systemd.time(7), "Parsing Time Spans".
_UNIT = (
    "usec|us|µs|msec|ms|seconds|second|sec|s|minutes|minute|min|m|hours|hour|hr|h"
    "|days|day|d|weeks|week|w|months|month|M|years|year|y"
)
_SPAN = re.compile(rf"(\d+(\.\d+)?\s*({_UNIT})?\s*)+")
# systemd.resource-control(5), MemoryMax=.
_MEMORY = re.compile(r"\d+(\.\d+)?[KMGT]?|(100|\d{1,2})(\.\d+)?%|infinity")
_PLATFORM = re.compile(r"manylinux_2_\d+_(x86_64|aarch64)|macosx_\d+_\d+_(x86_64|arm64)|win_amd64")
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
# What an entry of these lists may say; library/analyst.py has the same words.
_OF_EVERYBODY = {"name": str, "email": str, "key": str, "keys": list, "state": str}
_OF_ANALYSTS = dict.fromkeys(("classes", "grant", "revoke")) | {"private": bool, "shell": bool}
PEOPLE: Mapping[str, Mapping[str, type | None]] = {
    "broker_analysts": _OF_EVERYBODY | _OF_ANALYSTS,
    "broker_operators": _OF_EVERYBODY | {"sudo": bool},
}
# Mappings in which a value may be true or false; in the others all are texts and numbers.
_WITH_FLAGS = {
    *("broker_data_source", "broker_sources"),
    *("broker_environment", "broker_install_environment"),
    *("broker_auth", "broker_profiles"),
}
# Here all are names: YAML reads 01 as 1, and 1.10 as 1.1.
_WITHOUT_NUMBERS = {"broker_access_classes", "broker_ssh_groups", "broker_ssh_given_up"}
_OF_OTHERS = {
    **dict.fromkeys(
        _OF_ANALYSTS,
        "An operator reads no class and always has a shell; a person who also pulls data needs a "
        "second account in broker_analysts.",
    ),
    "sudo": "An analyst never becomes root; broker_operators is for those who may.",
}


def _is_span(value: Any) -> bool:
    return str(value) == "infinity" or bool(_SPAN.fullmatch(str(value).strip()))


def _is_memory(value: Any) -> bool:
    return bool(_MEMORY.fullmatch(str(value).strip()))


def _is_account(value: Any) -> bool:
    return bool(_ACCOUNT.fullmatch(str(value)))


def _is_group(value: Any) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.@-]{0,63}", str(value)))


def _is_tls(value: Any) -> bool:
    return value in ("self_signed", "files", "acme")


def _is_file(value: Any) -> bool:
    return Path(str(value)).is_file()


def _is_logo(value: Any) -> bool:
    """As ``broker.portal.look.files`` takes it; empty for none."""
    path = Path(str(value))
    if value == "":
        return True
    is_picture = path.is_file() and path.suffix.lower() in (".svg", ".png")
    return is_picture and path.stat().st_size <= 64 * 1024


def _is_network(value: Any) -> bool:
    try:
        ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_laptop(value: Any) -> bool:
    """bin/laptop_wheels.py has the same words."""
    if not isinstance(value, Mapping):
        return value == "all"
    return (
        {*value} == {"python", "platform"}
        and str(value["python"]) in ("3.11", "3.12", "3.13", "3.14")
        and bool(_PLATFORM.fullmatch(str(value["platform"])))
    )


_CALENDAR = (_is_text, "text in quotes such as '14:30', which YAML reads as 870 without them")
# What a text, or each entry of a list, must be, beyond its kind.
_GRAMMARS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "broker_sync_schedule": _CALENDAR,
    "broker_access_proof_schedule": _CALENDAR,
    "broker_sync_jitter": (_is_span, "a time span of systemd such as 5min"),
    "broker_sync_time_limit": (_is_span, "a time span of systemd such as 6h"),
    "broker_sync_memory_max": (_is_memory, "an amount such as 2G, or a share such as 25%"),
    "broker_analyst_memory_max": (_is_memory, "an amount such as 2G, or a share such as 25%"),
    "broker_data_description": (_is_file, "the path of a file with table descriptions"),
    "broker_portal_account": (_is_account, "the name of a system account such as broker-portal"),
    "broker_portal_logo": (_is_logo, "the path of a picture of at most 64 kB, SVG or PNG"),
    "broker_portal_tls": (_is_tls, "self_signed, files or acme"),
    "broker_portal_proxy_group": (_is_group, "the name of a group"),
    "broker_portal_memory_max": (_is_memory, "an amount such as 768M, or a share such as 25%"),
    "broker_laptop_wheels": (
        _is_laptop,
        "all, or python (3.11 to 3.14) and platform (as manylinux_2_28_x86_64, macosx_12_0_arm64 "
        "or win_amd64)",
    ),
    "broker_ssh_groups": (_is_group, "names of groups"),
    "broker_ssh_given_up": (_is_group, "names of accounts"),
    # broker_analyst_ip_deny: systemd has words of its own for networks, which the role base knows.
    "broker_ssh_exempt_addresses": (_is_network, "addresses and networks such as 10.0.0.0/8"),
}


def defaults() -> dict[str, Any]:
    """Every setting with its default, as the files of this repository have them."""
    found: dict[str, Any] = {}
    for path in sorted(GROUP_VARS.glob("*.yml")):
        found |= yaml.safe_load(path.read_text())
    return found


def missing(modules: Iterable[str] = ("pydantic", "hatchling")) -> Iterator[str]:
    """Modules missing in this Python to check a configuration and to build a release."""
    absent = [name for name in modules if find_spec(name) is None]
    if absent:
        yield (
            f"{sys.executable} cannot import {', '.join(absent)}. Run bin/bootstrap in this "
            "repository and use .venv/bin/ansible-playbook."
        )


def unknown(names: list[str], known: Mapping[str, Any]) -> Iterator[str]:
    """Names that look like settings, and are not."""
    for name in names:
        if name in known:
            continue
        if name in RENAMED:
            yield f"{name} is called {RENAMED[name]} now. Rename it."
        elif (plain := name.lower().replace("-", "_")).startswith("broker_"):
            near = get_close_matches(plain, known, n=1, cutoff=0.8)
            question = f" Did you mean {near[0]}?" if near else " docs/settings.md has them all."
            yield f"{name} is not a setting of a broker.{question}"
        elif near := get_close_matches(name, known, n=1, cutoff=0.93):
            yield f"{name} is not a setting of a broker. Did you mean {near[0]}?"


def mistaken(name: str, value: Any, default: Any) -> str | None:
    """What is wrong with a value, if anything; mappings may hold secrets, and are never shown."""
    if not _is_like(value, default):
        found = "text" if isinstance(default, dict) and isinstance(value, str) else _found(value)
        return f"{name} is {found}; expected {_LIKE[type(default)]}.{_unquoted(value, default)}"
    if isinstance(default, int) and not isinstance(default, bool):
        least, most = _RANGES.get(name, (1, None))
        if int(value) >= least and (most is None or int(value) <= most):
            return None
        expected = f"{_LIKE[int]} from {least}" + ("" if most is None else f" to {most}")
    else:
        accepts, expected = _GRAMMARS.get(name, (None, ""))
        entries = value if isinstance(value, list | tuple) else [value]
        wrong = [entry for entry in entries if accepts and not accepts(entry)]
        if not wrong:
            return None
        value = wrong[0]
    return f"{name} is {_found(value)}; expected {expected}."


def people(setting: str, entries: Iterable[Any]) -> Iterator[str]:
    """What is wrong with the entries of a list of people; no sentence repeats a key."""
    for number, entry in enumerate(entries):
        place = f"{setting}[{number}]"
        if not isinstance(entry, Mapping):
            found = "text" if isinstance(entry, str) else _found(entry)
            yield f"{place} is {found}; expected a mapping with name and keys."
            continue
        if entry.get("name") in (None, ""):
            yield f"{place} has no name; expected the name of an account."
        if None not in (entry.get("key"), entry.get("keys")):
            yield f"{place} has key and keys; expected one of them."
        sentences = (_in_entry(place, word, entry[word], PEOPLE[setting]) for word in entry)
        yield from filter(None, sentences)


def _in_entry(place: str, word: Any, value: Any, known: Mapping[str, type | None]) -> str | None:
    """What is wrong with one word of an entry and its value; an empty one counts as left out."""
    if word not in known:
        near = get_close_matches(str(word), known, n=1, cutoff=0.7)
        remedy = f"Did you mean {near[0]}?" if near else f"Expected one of {', '.join(known)}."
        return f"{place}.{word} is not a setting there. {_OF_OTHERS.get(word, remedy)}"
    kind = known[word]
    if value is None or kind is None:
        return None
    if not _is_like(value, kind()):
        hides = kind is not bool and isinstance(value, str)
        found = "text" if hides else _found(value)
        return f"{place}.{word} is {found}; expected {_LIKE[kind]}.{_unquoted(value, kind())}"
    if word == "state" and value not in ("present", "absent"):
        return f"{place}.state is {_found(value)}; expected present or absent."
    return None


def words(setting: str, value: Any) -> Iterator[str]:
    """Words such as ``no`` in a mapping or a list that YAML took for something else than text.

    ``false`` in their place is another name: the folder ``no`` would be in no access class.
    """
    if isinstance(value, Mapping | list | tuple):
        numbers = setting not in _WITHOUT_NUMBERS
        yield from _words(setting, value, flags=setting in _WITH_FLAGS, numbers=numbers)


def _words(place: str, value: Any, *, flags: bool, numbers: bool) -> Iterator[str]:
    """With ``flags`` a value of a mapping may be true or false, but no entry of a list."""
    if isinstance(value, bool):
        if not flags:
            yield f"{place} is {_found(value)}; expected text.{_unquoted(value, '')}"
    elif isinstance(value, int | float):
        if not numbers:
            yield (
                f"{place} is {_found(value)}; expected text. Put it in quotes: YAML reads 01 as 1, "
                "and 1.10 as 1.1."
            )
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(name, bool | date):
                remedy = _unquoted(name, "")
                yield f"{place} has the name {_found(name)}; expected text.{remedy}"
            else:
                yield from _words(f"{place}.{name}", inner, flags=flags, numbers=numbers)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            of_mapping = flags and isinstance(inner, Mapping)
            yield from _words(f"{place}[{number}]", inner, flags=of_mapping, numbers=numbers)


def _is_like(value: Any, default: Any) -> bool:
    """Whether it is of the default's kind, or a text that Ansible takes for such a one (``-e``)."""
    if isinstance(default, bool):
        return isinstance(value, bool) or str(value).lower() in _FLAGS
    if isinstance(default, int):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return is_number or (isinstance(value, str) and value.isascii() and value.isdigit())
    if isinstance(default, str):
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    if isinstance(default, list):
        return isinstance(value, list | tuple)
    return isinstance(value, Mapping)


def _unquoted(value: Any, default: Any) -> str:
    """What to do where YAML took a word for something else than text."""
    if not isinstance(default, str) or not isinstance(value, bool | date):
        return ""
    return " Put it in quotes: YAML reads yes, no, on, off and days as other things than text."


def _found(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return f"'{text if len(text) <= 200 else text[:200] + '…'}'"


def hidden(folder: Path) -> Iterator[str]:
    """Files of variables beside an inventory or a play that Ansible never reads: the first wins."""
    for kind in ("group_vars", "host_vars"):
        forms: dict[str, list[str]] = {}
        there = sorted(folder.joinpath(kind).iterdir()) if folder.joinpath(kind).is_dir() else []
        for path in there:
            is_file = path.suffix in _READ
            forms.setdefault(path.stem if is_file else path.name, []).append(path.name)
        for stem, names in forms.items():
            if len(names) > 1:
                places = " and ".join(f"{folder / kind / name}" for name in names)
                yield (
                    f"{places} stand beside each other, and Ansible reads one of them alone. "
                    f"Move all into {folder / kind / stem}/, such as {stem}/main.yml."
                )


def passed_over(folder: Path, names: Container[str]) -> Iterator[str]:
    """Files with settings for one of ``names``, groups and hosts, which Ansible skips unseen.

    It takes files that end in one of ``_READ`` or have no ending, in folders without one.
    """
    for kind in ("group_vars", "host_vars"):
        for path in sorted(folder.joinpath(kind).rglob("*")):
            top, *below = path.relative_to(folder / kind).parts
            if any(part.startswith(".") or part.endswith("~") for part in (top, *below)):
                continue
            if below:
                endings = [Path(part).suffix for part in below] if top in names else []
            else:
                stem = Path(top).stem.removesuffix(".yml").removesuffix(".yaml")
                endings = [path.suffix] if top not in names and stem in names else []
            skipped = any(endings[:-1]) or any(end not in ("", *_READ) for end in endings[-1:])
            if not skipped or endings[-1] in _KEPT_ASIDE or not path.is_file():
                continue
            if _SETS.search(path.read_bytes()):
                yield (
                    f"{path} is not read: Ansible reads files that end in .yml, .yaml or .json or "
                    "have no ending, in folders without a dot in their name. "
                    f"Rename it, or move it out of {folder / kind}."
                )


def unread(folder: Path, given: Mapping[str, Any]) -> Iterator[str]:
    """Files of variables in the folder of an inventory, named nearly as the host or a group of it.

    Nothing of a file beside several inventories, or of one that is nearly nothing: Ansible may read
    it with another inventory, or for a host that another day has.
    """
    if str(folder) not in (
        str(Path(source)) for source in given.get("ansible_inventory_sources") or ()
    ):
        return
    groups, host = given.get("groups") or {}, given.get("inventory_hostname", "")
    hosts = {name for members in groups.values() for name in members}
    for kind, names, own in (
        ("group_vars", {*groups, "all"}, [*given.get("group_names", ()), "all"]),
        ("host_vars", hosts, [host]),
    ):
        there = sorted(folder.joinpath(kind).iterdir()) if folder.joinpath(kind).is_dir() else []
        stems = {path: path.stem if path.suffix in _READ else path.name for path in there}
        missing_own = [name for name in own if name not in stems.values()]
        for path, stem in stems.items():
            near = get_close_matches(stem, missing_own, n=1, cutoff=0.8)
            if stem not in names and near:
                yield (
                    f"{path} is not read: the inventory has no {kind.split('_')[0]} {stem}. "
                    f"Did you mean {near[0]}? Rename it, or move it out of {folder / kind}."
                )


def _names(given: Mapping[str, Any]) -> set[str]:
    """Of the groups and hosts of the inventory."""
    groups = given.get("groups") or {}
    return {"all", *groups, *(host for hosts in groups.values() for host in hosts)}


class LookupModule(LookupBase):
    """``query('setting_problems')``."""

    def run(
        self, terms: list[str], variables: Mapping[str, Any] | None = None, **_: Any
    ) -> list[str]:
        """The sentences; takes no terms."""
        del terms
        given, known = variables or {}, defaults()
        folders = [given.get("inventory_dir"), given.get("playbook_dir")]
        places = [Path(folder) for folder in dict.fromkeys(filter(None, folders))]
        found = [*missing(), *(problem for place in places for problem in hidden(place))]
        found += [problem for place in places[:1] for problem in unread(place, given)]
        names = _names(given)
        found += [problem for place in places[:1] for problem in passed_over(place, names)]
        found += unknown(sorted(given), known)
        set_here = ((name, default) for name, default in known.items() if name in given)
        lists = (self._mistaken(name, given[name], default) for name, default in set_here)
        return [*found, *(problem for problems in lists for problem in problems)]

    def _mistaken(self, name: str, written: Any, default: Any) -> Iterator[str]:
        try:
            value = self._templar.template(written)
        except AnsibleError as error:
            last = str(error).strip().splitlines()[0]
            yield f"{name} cannot be evaluated: {last}"
            return
        problem = mistaken(name, value, default)
        if problem:
            yield problem
        elif name in PEOPLE:
            yield from people(name, value)
        else:
            yield from words(name, value)
