"""Whatever is asked, in whatever order, and wherever it is cut off: the next run gets there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.accounts.debian.apply import apply
from broker.accounts.debian.host import Host
from broker.accounts.debian.observe import observe
from broker.accounts.manage import converge
from broker.accounts.planning.planner import plan
from broker.accounts.planning.wanted import SUDO_RULE, wanted_presence
from broker.accounts.records.host import Observed
from broker.accounts.records.keys import parse_keys
from broker.accounts.records.model import Request
from broker.accounts.records.paths import HostPaths
from broker.errors import AccountsError
from tests.unit.accounts.scratch import ScratchSystem, make_root, memory, public_key

ANALYSTS = ("anna", "bob", "eve")
OPERATORS = ("olga", "otto")
NAMES = (*ANALYSTS, *OPERATORS)


def keys_of(name: str, numbers: list[int]) -> list[str]:
    return [public_key(f"{name}-{number}") for number in numbers]


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    made = []
    for name in names:
        request = Request(
            name,
            keys=parse_keys(
                keys_of(name, draw(st.lists(st.integers(1, 3), min_size=1))), where=name
            ),
            state=draw(st.sampled_from(["present", "present", "absent"])),
            origin=draw(st.sampled_from(["declared", "registry"])),
        )
        if name in OPERATORS:
            sudo = draw(st.sampled_from([None, True, False]))
            made.append(replace(request, role="operator", sudo=sudo))
            continue
        made.append(
            replace(
                request,
                classes=draw(st.sampled_from([None, (), ("private",)])),
                grant=draw(st.sampled_from([(), ("private",)])),
                shell=draw(st.sampled_from([None, True, False])),
            )
        )
    return made


@contextmanager
def scratch_host() -> Iterator[HostPaths]:
    """Without fsync: what it protects from is a power cut, which no test here makes."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder, mock.patch("os.fsync"):
        yield make_root(Path(folder))


def look(layout: HostPaths) -> Observed:
    return replace(observe(Host(layout, ScratchSystem(layout.root)), NAMES), free_bytes=None)


def run(layout: HostPaths, batch: list[Request]) -> None:
    converge(batch, Host(layout, ScratchSystem(layout.root)))


@settings(deadline=None, max_examples=40)
@given(st.lists(requests(), min_size=1, max_size=4))
def test_after_any_history_nothing_is_left_to_do(history: list[list[Request]]) -> None:
    with scratch_host() as layout:
        given_uids: dict[int, str] = {}
        for batch in history:
            run(layout, batch)
            seen = look(layout)
            assert plan(batch, seen, layout).actions == ()
            assert plan([], seen, layout).actions == ()
            allowed = any(entry.sudo for entry in seen.registry.people)
            assert seen.sudo_rule == (SUDO_RULE if allowed else None)
            for entry in seen.registry.people:
                stands = seen.presence(entry.name)
                wanted = wanted_presence(entry, layout, seen.classes)
                assert (stands.user, stands.keys) == (wanted.user, wanted.keys)
                assert given_uids.setdefault(entry.uid, entry.name) == entry.name


@settings(deadline=None, max_examples=40)
@given(requests(), requests(), st.data())
def test_any_part_of_a_plan_is_finished_by_whoever_comes_next(
    first: list[Request], second: list[Request], data: st.DataObject
) -> None:
    with scratch_host() as whole, scratch_host() as cut:
        for layout in (whole, cut):
            run(layout, first)
        run(whole, second)
        actions = plan(second, look(cut), cut).actions
        done = data.draw(st.integers(0, len(actions)))
        apply(actions[:done], Host(cut, ScratchSystem(cut.root)))
        # once the list is written, not even the request is needed any more
        started = any("list of analysts" in str(action) for action in actions[:done])
        run(cut, [] if started else second)
        assert look(cut) == look(whole)


@settings(deadline=None, max_examples=40)
@given(requests(), st.lists(st.integers(0, 10_000), min_size=1, max_size=5))
def test_any_vandalism_is_mended(batch: list[Request], choices: list[int]) -> None:
    with scratch_host() as layout:
        run(layout, batch)
        before = look(layout)
        spoil(layout, choices)
        run(layout, [])
        assert look(layout) == before
        assert plan([], before, layout).actions == ()


def spoil(layout: HostPaths, choices: list[int]) -> None:
    """Change or remove entries that stand, as a careless person with root would."""
    for choice in choices:
        places = [
            *sorted((layout.root / "etc/data-broker").rglob("*")),
            *sorted((layout.root / "etc/sudoers.d").glob("data-broker")),
            *sorted((layout.root / "home").rglob("server/*")),
            *sorted((layout.root / "home").rglob("server")),
        ]
        files = [path for path in places if path.name != "analysts.json"]
        if not files:
            return
        path = files[choice % len(files)]
        if path.is_dir():
            path.chmod(0o700 + choice % 8)
        elif choice % 2:
            path.unlink()
        else:
            path.rename(path.with_name(f"{path.name}.old"))
            path.symlink_to("/etc/passwd")


@settings(deadline=None, max_examples=40)
@given(requests(), st.sampled_from(ANALYSTS), st.sampled_from(ANALYSTS))
def test_what_is_refused_changes_nothing(batch: list[Request], thief: str, owner: str) -> None:
    key = parse_keys([public_key("one")], where="one")
    with scratch_host() as layout:
        run(layout, batch)
        before = look(layout)
        with pytest.raises(AccountsError, match=r"the same key is given|names this person 2"):
            run(layout, [Request(thief, keys=key), Request(owner, keys=key)])
        assert look(layout) == before
