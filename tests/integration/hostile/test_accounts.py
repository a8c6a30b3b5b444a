"""10,000 hostile inputs, half of them here: names and keys, against a host in a folder."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from broker.accounts.debian.host import Host
from broker.accounts.manage import converge
from broker.accounts.records.model import parse_request
from broker.accounts.records.paths import HostPaths
from broker.errors import AccountsError
from tests.hostile.inputs import key, name
from tests.unit.accounts.scratch import ScratchSystem, make_root, memory, public_key, snapshot

from .chunks import chunks

OURS = re.compile(
    r"(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/=]+( .*)?"
)
LOG = ("run/", "var/log/data-broker/audit.jsonl", ".owners")


@pytest.fixture(scope="module")
def layout() -> Iterator[HostPaths]:
    """A host with an analyst, on which somebody tries to become another."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder, mock.patch("os.fsync"):
        made = make_root(Path(folder))
        add(made, "owner", public_key("owner"))
        yield made


@pytest.mark.parametrize("numbers", chunks(sample=250))
def test_names_are_plain_or_refused_in_one_line(layout: HostPaths, numbers: range) -> None:
    for number in numbers:
        text = name(number)
        if tried(layout, text, public_key("somebody")):
            assert re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", text), number
            converge(
                [parse_request(text, state="absent", home="delete")], Host(layout, system(layout))
            )


@pytest.mark.parametrize("numbers", chunks(sample=250))
def test_keys_are_rebuilt_or_refused_in_one_line(layout: HostPaths, numbers: range) -> None:
    for number in numbers:
        text = key(number)
        if tried(layout, "somebody", text):
            _, *lines = layout.at(layout.keys / "somebody").read_text().splitlines()
            assert len(lines) == 1, number
            assert OURS.fullmatch(lines[0]), (number, lines)
            assert lines[0].isprintable(), number
            leaving = parse_request("somebody", state="absent", home="delete")
            converge([leaving], Host(layout, system(layout)))


def tried(layout: HostPaths, who: str, line: str) -> bool:
    """Whether the host took it; where it did not, nothing changed but what is told of it."""
    before = facts(layout)
    message = added(layout, who, line)
    if message is not None:
        assert message.isprintable()
        assert len(message) < 800
        assert facts(layout) == before
        return False
    known = {
        path for path in before if path.startswith(("etc/data-broker/authorized_keys", "home"))
    }
    new = {path for path in facts(layout).keys() - before.keys() if "/." not in path}
    units = ("etc/systemd/system/user-", "etc/systemd/system/user@")
    assert all(who in path or path.startswith(units) for path in new), new
    assert known <= facts(layout).keys()
    return True


def added(layout: HostPaths, who: str, line: str) -> str | None:
    """The sentence of a refusal."""
    try:
        add(layout, who, line)
    except AccountsError as error:
        return str(error)
    return None


def add(layout: HostPaths, who: str, line: str) -> None:
    converge([parse_request(who, keys=[line])], Host(layout, system(layout)))


def system(layout: HostPaths) -> ScratchSystem:
    return ScratchSystem(layout.root)


def facts(layout: HostPaths) -> dict[str, tuple[int, bytes]]:
    """Rights and content; the registry remembers that a uid was given, and nothing else stays."""
    return {
        path: (mode, content)
        for path, (mode, _, content) in snapshot(layout.root).items()
        if not path.startswith(LOG)
    }
