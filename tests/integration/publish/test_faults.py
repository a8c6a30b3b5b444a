"""Whatever fails wherever: published is what was published, or what is published next."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.errors import PublishError
from broker.manifest import signature
from broker.publish import Generation, PruneRule, Store
from tests.unit.publish.making import contents, entry, publish

from .faults import Crash, Faults, drop_locks, injected, old_heap_aside
from .reading import read

TABLES = {entry("orders"): 3, entry("salaries", "private", "hr"): 2}
# Every so many calls one fails, beginning elsewhere for each kind of fault; all in a torture run.
EVERY = 1 if os.environ.get("BROKER_TORTURE") else 29
FAILURES = (PublishError, Crash, OSError)


@pytest.fixture(scope="module", autouse=True)
def cheap() -> Iterator[None]:
    """Thousands of checks of signatures, and a search for dead locks after each fault."""
    with old_heap_aside(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("broker.publish.verify.refusal", _remembered(signature.refusal))
        yield


Refusal = Callable[[bytes, bytes, bytes], str | None]


def _remembered(refusal: Refusal) -> Refusal:
    """Start ssh-keygen once for the same bytes: on nothing else does its answer depend."""
    answers: dict[tuple[bytes, ...], str | None] = {}

    def remembered(*given: bytes) -> str | None:
        if given not in answers:
            answers[given] = refusal(*given)
        return answers[given]

    return remembered


def _words(word: str) -> dict[str, str]:
    return {table.name: word for table in TABLES}


def _recovers(root: Path) -> None:
    """The next run clears up by itself, and everything is as it should be."""
    drop_locks()
    store = Store(root, reserve_bytes=0)
    made = publish(store, TABLES, "next")
    assert read(root) == (made.id, _words("next"))
    assert list((root / "staging").iterdir()) == []
    assert not list(root.glob(".*.new"))
    kept = [generation.id for generation in store.generations()]
    assert made.id in kept
    for generation in kept:
        assert store.verify(generation) == []


@pytest.fixture(scope="module", params=[False, True], ids=["error", "crash"])
def is_crash(request: pytest.FixtureRequest) -> bool:
    """Whether one call fails, or all from that one on."""
    return bool(request.param)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three generations, to copy."""
    root = tmp_path_factory.mktemp("template") / "data"
    for word in ("minus one", "zero", "one"):
        publish(Store(root, reserve_bytes=0), TABLES, word)
    return root


def _steps(counted: Faults, is_crash: bool) -> list[int]:
    """The calls that fail in turn: every so many, and all around a move of the pointer."""
    regular = set(range(1 + is_crash, counted.calls + 1, EVERY))
    critical = counted.around("symlink", 4) & set(range(1, counted.calls + 1))
    return sorted(regular | critical)


def _copied(template: Path, root: Path) -> Store:
    subprocess.run(["cp", "-a", template, root], check=True)  # keeps hard links
    return Store(root, reserve_bytes=0)


def test_a_fault_at_any_step_of_a_publication(
    tmp_path: Path, template: Path, is_crash: bool
) -> None:
    with injected(Faults()) as counted:
        publish(_copied(template, tmp_path / "counted"), TABLES, "two")
    assert counted.calls > 100
    seen = set()
    for at in _steps(counted, is_crash):
        root = tmp_path / f"at-{at}"
        store = _copied(template, root)
        first = store.generation()
        before = contents(first.path)
        with injected(Faults(at, is_crash=is_crash)):
            try:
                publish(store, TABLES, "two")
                outcome = "published"
            except FAILURES as error:
                outcome = type(error).__name__
        found = read(root)
        assert found in ((first.id, _words("one")), (found and found[0], _words("two"))), at
        assert contents(first.path) == before, at
        seen.add((outcome, str(found and found[1]["orders"])))
        _recovers(root)
    assert (("Crash" if is_crash else "PublishError"), "one") in seen


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.rollback(),
        lambda store: store.expose([["hr"]]),
        lambda store: store.prune(
            PruneRule(count=1, grace=timedelta()), datetime.now(UTC) + timedelta(days=1)
        ),
    ],
    ids=["rollback", "expose", "prune"],
)
def test_a_fault_at_any_step_of_what_is_done_to_generations(
    tmp_path: Path, template: Path, act: Callable[[Store], object], is_crash: bool
) -> None:
    with injected(Faults()) as counted:
        act(_copied(template, tmp_path / "counted"))
    for at in _steps(counted, is_crash):
        root = tmp_path / f"at-{at}"
        store = _copied(template, root)
        with injected(Faults(at, is_crash=is_crash)), suppress(*FAILURES):
            act(store)
        found = read(root)
        assert found is not None
        assert found[1] in (_words("zero"), _words("one")), at
        _recovers(root)


def test_a_fault_in_the_very_first_publication(tmp_path: Path, is_crash: bool) -> None:
    for at in range(1 + is_crash, 200, 2 * EVERY):
        root = tmp_path / f"at-{at}"
        with injected(Faults(at, is_crash=is_crash)), suppress(*FAILURES):
            publish(Store(root, reserve_bytes=0), TABLES, "one")
        found = read(root) if root.exists() else None
        assert found is None or found[1] == _words("one"), at
        _recovers(root)


steps = st.lists(
    st.tuples(
        st.sampled_from(["publish", "publish", "publish", "rollback", "expose", "prune"]),
        st.integers(min_value=0, max_value=250),
        st.booleans(),
    ),
    min_size=2,
    max_size=6,
)


def _act(store: Store, what: str, word: str) -> Generation | object:
    if what == "publish":
        return publish(store, TABLES, word)
    if what == "rollback":
        return store.rollback()
    if what == "expose":
        return store.expose([["hr"], ["finance", word]])
    policy = PruneRule(count=2, grace=timedelta())
    return store.prune(policy, datetime.now(UTC) + timedelta(days=1))


@settings(
    max_examples=200 if EVERY == 1 else 6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(history=steps)
def test_random_histories_with_faults(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, int, bool]]
) -> None:
    root = tmp_path_factory.mktemp("history") / "data"
    store = Store(root, reserve_bytes=0)
    known = {publish(store, TABLES, "w0").id: "w0"}
    for number, (what, at, is_crash) in enumerate(history, start=1):
        before = read(root)
        with injected(Faults(at, is_crash=is_crash)), suppress(*FAILURES):
            _act(store, what, f"w{number}")
        drop_locks()
        found = read(root)
        assert found is not None
        if what == "publish" and found != before:
            known[found[0]] = f"w{number}"
        assert found[1] == _words(known[found[0]])
        if what in ("expose", "prune"):
            assert found == before
    _recovers(root)
