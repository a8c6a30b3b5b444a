"""On a host whose disk is really full, rights are taken; what gives rights is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from broker.accounts.debian.host import Host
from broker.accounts.issue import issue_certificate
from broker.accounts.manage import converge
from broker.accounts.records.certificates import Mode
from broker.accounts.records.keyrequest import key_request
from broker.accounts.records.keys import parse_key
from broker.accounts.records.model import parse_request
from broker.accounts.records.paths import HostPaths
from broker.audit.log import append_or_keep
from broker.audit.reading import read_log
from broker.errors import BrokerError
from broker.files import write_when_full
from tests.integration.disk import small_disk
from tests.unit.accounts.scratch import ScratchSystem, make_root, public_key
from tests.unit.audit.test_log import event

ONE, TWO = public_key("one"), public_key("two")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "12m") as made:
        yield made


def fill(disk: Path) -> Path:
    """Until not a byte is left."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(4096)):
            pass
    return ballast


@pytest.fixture
def host(disk: Path) -> tuple[HostPaths, ScratchSystem]:
    layout = make_root(disk / "host")
    system = ScratchSystem(layout.root)
    people = [
        parse_request("anna", keys=[ONE, TWO], private=True),
        parse_request("bob", keys=[public_key("bob")]),
    ]
    converge(people, Host(layout, system), certificates=Mode())
    return layout, system


LABELS = tuple(parse_key(line, where="x").fingerprint for line in (ONE, TWO))


def test_a_key_is_revoked_and_its_certificate_ends(host: tuple[HostPaths, ScratchSystem]) -> None:
    layout, system = host
    issued = {key: issue_certificate("anna", Host(layout, system), label=key) for key in LABELS}
    ballast = fill(layout.root.parent)
    lost, kept = LABELS
    with pytest.raises(BrokerError, match="no key and no certificate opens: anna"):
        converge([key_request("anna", "absent", old=[lost])], Host(layout, system))
    assert not (layout.at(layout.keys) / "anna").exists()
    assert system.ended
    valid = layout.at(layout.valid_certificates).read_text().splitlines()
    assert len(valid) == 1
    assert issued[kept].until in valid[0]
    ballast.unlink()
    converge((), Host(layout, system))
    assert len((layout.at(layout.keys) / "anna").read_text().splitlines()) == 2
    assert not converge((), Host(layout, system)).changed


def test_an_analyst_is_removed_as_far_as_room_allows(host: tuple[HostPaths, ScratchSystem]) -> None:
    layout, system = host
    ballast = fill(layout.root.parent)
    with suppress(BrokerError):
        converge([parse_request("anna", state="absent")], Host(layout, system))
    assert not (layout.at(layout.keys) / "anna").exists()
    assert system.ended
    assert '"absent"' in layout.at(layout.registry).read_text() or "anna" not in (
        layout.at(layout.registry).read_text()
    )
    ballast.unlink()
    converge([parse_request("eve", keys=[public_key("eve")])], Host(layout, system))
    assert "anna" not in system.accounts().users
    assert not (layout.at(layout.keys) / "anna").exists(), "no later run lets her in again"


def test_nothing_is_given(host: tuple[HostPaths, ScratchSystem]) -> None:
    layout, system = host
    fill(layout.root.parent)
    before = layout.at(layout.registry).read_bytes()
    for request in (
        parse_request("eve", keys=[public_key("eve")]),
        parse_request("bob", private=True),
        key_request("bob", "present", key=public_key("more")),
    ):
        with pytest.raises(BrokerError):
            converge([request], Host(layout, system))
    with pytest.raises(BrokerError):
        issue_certificate("bob", Host(layout, system))
    assert layout.at(layout.registry).read_bytes() == before
    assert layout.at(layout.valid_certificates).read_bytes() == b""


def test_the_log_holds_whole_lines_alone(disk: Path) -> None:
    log = disk / "audit.jsonl"
    append_or_keep([event()], log)
    ballast = fill(disk)
    while append_or_keep([event(subject="bob")], log) is None:
        pass
    history = read_log(log)
    assert not history.garbled
    ballast.unlink()
    assert append_or_keep([event(subject="eve")], log) is None
    assert not read_log(log).garbled
    assert read_log(log).events[-1].subject == "eve"


def test_a_file_is_written_over_only_where_that_takes_no_room(disk: Path) -> None:
    path, link = disk / "list", disk / "link"
    path.write_bytes(b"x" * 6000)
    link.symlink_to("list")
    fill(disk)
    write_when_full(path, "short", mode=0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"short", 0o600)
    with pytest.raises(OSError, match="No space left"):
        write_when_full(path, b"y" * 60_000, mode=0o600)
    fill(disk)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        write_when_full(link, "z", mode=0o600)
    with pytest.raises(OSError, match="No space left"):
        write_when_full(disk / "new", b"z" * 9000, mode=0o600)
    assert path.read_bytes() == b"short"
    assert not list(disk.glob(".*"))
