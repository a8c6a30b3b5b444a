"""The proof on real files, as users with real ids: silent when all is well, loud when not."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from broker.access import Areas, People, Proof, Reader, prove, rule
from broker.access.observer import Attempt, try_as
from broker.access.places import find_places, run_paths
from broker.access.policy import Permission
from broker.manifest import ForeignKey
from broker.publish import Audience, Store
from tests.unit.publish.making import entry, publish

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

GIDS = {"public": 61001, "private": 61002, "finance": 61003, "hr": 61004}
GROUPS = {name: f"no-such-group-{name}" for name in GIDS}
OPERATORS = 61009
TABLES = {
    replace(entry("orders"), foreign_keys=(ForeignKey("who", "vault/salaries", "id"),)): 30,
    entry("customers"): 3,
    entry("salaries", "private", "vault"): 5,
    entry("ledger", "finance", "books"): 5,
    entry("margins", "finance"): 5,
    entry("people", "hr", "staff"): 5,
    entry("waiting", "-", "staff"): 5,
}
SERVICE = Reader("service", 61200, 61200, tuple(GIDS.values()), None, kind="service")
OPERATOR = Reader("olga", 61210, 61210, (GIDS["public"], OPERATORS), None, kind="operator")
KINDS = ((), ("private",), ("finance",), ("private", "finance"), ("finance", "hr", "private"))


def reader(number: int, classes: tuple[str, ...], homes: Path) -> Reader:
    uid, name = 61100 + number, f"person{number}"
    groups = tuple(GIDS[one] for one in ("public", *classes))
    return Reader(name, uid, uid, groups, frozenset(classes), str(homes / name))


@dataclass
class Scene:
    """A store that was published, homes, and the configuration of a host, all in a folder."""

    root: Path
    store: Store
    areas: Areas
    readers: tuple[Reader, ...]

    @property
    def current(self) -> Path:
        return self.store.generation().path

    def prove(self, *readers: Reader) -> Proof:
        return prove(People(readers or self.readers, ()), GROUPS, self.store, self.areas)

    def violations(self, *readers: Reader) -> list[str]:
        return [
            str(violation).replace(str(self.root), "")
            for violation in self.prove(*readers).violations
        ]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Where the test's folder lies, setuid bits count; a test of its own is about that."""
    monkeypatch.setattr("broker.access.setid._is_safe", lambda _: True)
    folder = Path(tempfile.mkdtemp(prefix="access-"))
    folder.chmod(0o755)
    try:
        yield _scene(folder)
    finally:
        shutil.rmtree(folder)


def _scene(root: Path) -> Scene:
    for name, mode in {
        "data": 0o755,
        "home": 0o755,
        "tmp": 0o1777,
        "config": 0o751,
        "data/scripts": 0o755,
    }.items():
        (root / name).mkdir()
        (root / name).chmod(mode)
    (root / "data/src_data").mkdir()
    os.chown(root / "data/src_data", 0, GIDS["public"])
    (root / "data/src_data").chmod(0o2710)  # as a deploy makes it
    store = Store(root / "data/src_data", GIDS, operators=OPERATORS, reserve_bytes=0)
    publish(store, TABLES)
    store.expose([["finance"], ["finance", "private"], ["finance", "hr", "private"]])
    areas = Areas(
        root,
        store.root,
        root / "data",
        root / "config",
        root / "config/keys",
        root / "home",
        (root / "tmp",),
    )
    readers = tuple(reader(number, kind, areas.homes) for number, kind in enumerate(KINDS))
    for one in readers:
        _home(store, one)
    (root / "data/scripts/sync_data.sh").write_text("#!/bin/sh\n")
    (root / "data/scripts/sync_data.sh").chmod(0o644)
    for name in ("instance.yaml", "signing_key"):
        (root / "config" / name).write_text("secret\n")
        (root / "config" / name).chmod(0o600)
    strangers = (Reader("nobody", 65534, 65534, (65534,), None), SERVICE, OPERATOR)
    return Scene(root, store, areas, (*readers, *strangers))


def _home(store: Store, one: Reader) -> None:
    home = Path(one.home)
    (home / "server").mkdir(parents=True)
    tree = store.root / "current" / Audience.of(one.classes or ()).path
    for name in ("parquet", "metadata", "docs"):
        (home / "server" / name).symlink_to(tree / name)
    (home / "server/generation").symlink_to(tree)
    (home / "server/scripts").symlink_to(store.root.parent / "scripts")
    (home / "notes").write_text("mine\n")
    os.chown(home, 0, one.gid)
    home.chmod(0o750)
    (home / "user").mkdir()
    os.chown(home / "user", one.uid, one.gid)


def test_an_operator_reads_documents_and_no_row_of_a_closed_table(scene: Scene) -> None:
    whole = scene.current / "parquet"
    places = [Attempt(str(path), "file") for path in sorted(whole.rglob("*.parquet"))]
    read = [Permission.READ in able for able in try_as(OPERATOR, places)]
    public = [str(Path(place.path).relative_to(whole)).startswith("sales/") for place in places]
    margins = [place.path.endswith("margins.parquet") for place in places]
    assert read == [one and not other for one, other in zip(public, margins, strict=True)]
    manifest = Attempt(str(scene.current / "manifest.json"), "file")
    assert Permission.READ in try_as(OPERATOR, [manifest])[0]
    more = replace(OPERATOR, groups=(*OPERATOR.groups, GIDS["private"]))
    found = [line for line in scene.violations(more) if "/parquet/vault/" in line]
    assert any(f"{scene.current.name}/parquet/vault/" in line for line in found)
    assert all(line.startswith("olga") for line in found)


def test_what_operators_read_of_an_older_generation_is_found_on_request(scene: Scene) -> None:
    older = next((scene.current / "parquet").rglob("waiting.parquet"))
    publish(scene.store, {one: rows + 1 for one, rows in TABLES.items()})
    os.chown(older, -1, OPERATORS)
    assert scene.violations() == []
    everybody = People(scene.readers, ())
    found = prove(everybody, GROUPS, scene.store, scene.areas, every=True).violations
    assert [(one.who, one.path, one.problem) for one in found] == [
        ("olga", str(older), "can read it")
    ]


def test_a_sound_host_has_nothing_unexpected(scene: Scene) -> None:
    proof = scene.prove()
    assert proof.violations == ()
    assert (proof.analysts, proof.generation) == (5, scene.store.generation().id)
    assert proof.checks > 3000
    assert proof.sentence == f"{proof.checks:,} checks, 0 unexpected"
    assert {*proof.tried} == {one.name for one in scene.readers}
    assert min(proof.tried.values()) > 20
    publish(scene.store, TABLES)
    again = prove(People(scene.readers, ()), GROUPS, scene.store, scene.areas, every=True)
    assert (again.violations, again.checks > proof.checks) == ((), True)


def test_for_every_path_and_verb_the_kernel_says_what_the_policy_says(scene: Scene) -> None:
    """The matrix: whatever the policy leaves open here is what the world at large may see."""
    places = find_places(
        scene.areas,
        scene.store.generation().id,
        [one.home for one in scene.readers if one.classes is not None],
        run_paths(scene.areas),
    )
    assert len({place.kind for place in places}) == 3
    for one in scene.readers:
        for place, able in zip(places, try_as(one, places), strict=True):
            wanted = rule(one, place.path, scene.areas)
            assert wanted.wrong(able)[0].value == 0, (one, place, able)
            assert not wanted.must & place.verbs & ~able, (one, place, able)


Break = Callable[[Scene], object]


def chmod(path: str, mode: int) -> Break:
    return lambda scene: (scene.current / path).chmod(mode)


def in_store(path: str, mode: int) -> Break:
    return lambda scene: (scene.store.root / path).chmod(mode)


def opened_private_view(scene: Scene) -> None:
    for folder in ("views/private", "views/private/tree"):
        (scene.current / folder).chmod(0o2755)


def let_in(path: Path, uid: int) -> None:
    """What ``setfacl -m u:UID:r-x`` writes: version 2, then tag, rights and id of each entry."""
    mode, none = path.stat().st_mode, 0xFFFFFFFF
    entries = [(1, mode >> 6 & 7, none), (2, 5, uid), (4, mode >> 3 & 7, none), (16, 5, none)]
    packed = b"".join(struct.pack("<HHI", *one) for one in [*entries, (32, mode & 7, none)])
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + packed)


def access_list(scene: Scene) -> None:
    let_in(scene.current / "views/private/tree/parquet/vault", 33)


def access_list_for_an_analyst(scene: Scene) -> None:
    for path in ("views/private", "views/private/tree"):
        let_in(scene.current / path, scene.readers[0].uid)


def leaking_manifest(scene: Scene) -> None:
    """What a publisher with a mistake would sign: an entry too much in a view's manifest."""
    tree = scene.current / "views/tree"
    document = json.loads((tree / "manifest.json").read_bytes())
    whole = json.loads((scene.current / "manifest.json").read_bytes())
    document["tables"] += [one for one in whole["tables"] if one["name"] == "salaries"]
    _rewrite(tree / "manifest.json", json.dumps(document))


def leaking_metadata(scene: Scene) -> None:
    path = scene.current / "views/tree/metadata/sales/customers.json"
    document = json.loads(path.read_bytes())
    _rewrite(path, json.dumps({**document, "error": "no rows in books/ledger"}))


def leaking_schema(scene: Scene) -> None:
    path = scene.current / "views/finance/tree/docs/schema.yml"
    _rewrite(path, path.read_text() + "hints:\n- table: people\n")


def unreadable_schema(scene: Scene) -> None:
    path = scene.current / "views/finance/tree/docs/schema.yml"
    _rewrite(path, "hints: &all [people]\nmore: *all\n")


def nested_too_deep(scene: Scene) -> None:
    (scene.store.root / "staging" / "/".join("d" * 80)).mkdir(parents=True)


def leaking_file_name(scene: Scene) -> None:
    path = scene.current / "views/tree/parquet/vault"
    path.mkdir(mode=0o750)
    os.chown(path, 0, GIDS["public"])
    (path / "salaries.parquet").touch(0o600)


def _rewrite(path: Path, text: str) -> None:
    path.unlink()  # the file is a link of other views' too
    path.write_text(text)
    os.chown(path, 0, GIDS["public"])
    path.chmod(0o640)


def other_home(scene: Scene) -> None:
    Path(scene.readers[1].home).chmod(0o755)


def own_home(scene: Scene) -> None:
    os.chown(scene.readers[0].home, scene.readers[0].uid, -1)


def setgid_shell(*folders: str) -> Break:
    """A copied shell that runs with the group of a class; ``folders`` are below the host."""

    def _break(scene: Scene) -> None:
        folder = scene.root.joinpath(*folders)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sh").write_text("shell")
        os.chown(folder / "sh", scene.readers[1].uid, GIDS["private"])
        (folder / "sh").chmod(0o2755)

    return _break


def view_is_gone(scene: Scene) -> None:
    shutil.rmtree(scene.current / "views/finance/hr")


def given_to_the_service(path: str) -> Break:
    """As a deploy did that left the folder above the store to whatever made it."""
    return lambda scene: os.chown(scene.root / path, SERVICE.uid, SERVICE.gid)


def open_to(gid: int, path: str) -> Break:
    def broken(scene: Scene) -> None:
        os.chown(scene.root / path, 0, gid)
        (scene.root / path).chmod(0o775)

    return broken


def planted_script(scene: Scene) -> None:
    (scene.areas.data / "scripts/sync_data.sh").chmod(0o666)


@pytest.mark.parametrize(
    ("broken", "who", "what"),
    [
        (chmod("parquet/vault/salaries.parquet", 0o644), "everybody", "has mode 0644"),
        (
            chmod("views/private/tree/parquet/vault/salaries.parquet", 0o640 | 2),
            "everybody",
            "mode",
        ),
        (opened_private_view, "person0", "views/private/tree/manifest.json.sig can see"),
        (chmod("manifest.json", 0o644), "person0", "manifest.json can read it"),
        (chmod("", 0o2755), "person0", "can read it"),
        (chmod("views/tree/parquet/sales", 0o2777), "person0", "sales can write it"),
        (in_store("staging", 0o755), "person3", "staging can read it"),
        (in_store("audiences.json", 0o644), "person2", "audiences.json can read it"),
        (access_list, "an account", "is let in by an access list"),
        (access_list_for_an_analyst, "person0", "views/private/tree can read it"),
        (leaking_manifest, "the audience public", "manifest.json names vault/salaries"),
        (leaking_metadata, "the audience public", "customers.json names books/ledger"),
        (leaking_schema, "the audience finance+public", "schema.yml names staff/people"),
        (unreadable_schema, "the audience finance+public", "cannot be searched for hidden tables"),
        (nested_too_deep, "an account", "d/d/d is nested too deep"),
        (leaking_file_name, "the audience public", "names vault/salaries"),
        (other_home, "person2", "person1/notes can see it"),
        (own_home, "person0", "home/person0 can write it"),
        (setgid_shell("home/person1/user/a/b/c/d"), "uid 61101", "has a setuid or setgid bit"),
        (setgid_shell("tmp"), "uid 61101", "has a setuid or setgid bit"),
        (view_is_gone, "person4", "server/generation/manifest.json cannot read it"),
        (given_to_the_service("data"), "service", "/data can write it"),
        (given_to_the_service("data"), "uid 61200", "/data belongs to it"),
        (given_to_the_service("data/scripts"), "service", "/data/scripts can write it"),
        (given_to_the_service("config/instance.yaml"), "service", "instance.yaml can write it"),
        (open_to(61300, "data"), "group 61300", "/data can write it"),
        (open_to(61300, "data/scripts"), "group 61300", "/data/scripts can write it"),
        (open_to(0, "data/scripts"), "group 0", "/data/scripts can write it"),
        (lambda scene: (scene.root / "data").chmod(0o777), "everybody", "/data can write it"),
        (planted_script, "person0", "sync_data.sh can write it"),
        (lambda scene: (scene.areas.config / "signing_key").chmod(0o604), "nobody", "can read"),
        (lambda scene: (scene.areas.config / "instance.yaml").chmod(0o644), "person0", "can read"),
    ],
)
def test_what_is_broken_on_purpose_is_found(
    scene: Scene, broken: Break, who: str, what: str
) -> None:
    broken(scene)
    lines = scene.violations()
    assert [line for line in lines if line.startswith(f"{who}: ") and what in line], lines


def test_a_lease_does_not_make_an_open_file_look_closed(scene: Scene) -> None:
    path = scene.store.root / "open"
    path.write_text("rows")
    path.chmod(0o644)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # how the kernel asks for it back
    with path.open("rb+") as stream:
        fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        violations = scene.violations()
    signal.signal(signal.SIGIO, before)
    assert [line for line in violations if line.endswith("/open can read it")], violations


def test_a_mount_on_which_setuid_bits_count_is_found(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.access.setid._is_safe", lambda place: place != scene.areas.homes)
    assert scene.violations() == ["everybody: /home is mounted without nosuid and nodev"]


def test_a_stray_membership_opens_exactly_one_class(scene: Scene) -> None:
    public = scene.readers[0]
    stray = replace(public, groups=(*public.groups, GIDS["private"]))
    lines = scene.violations(stray)
    assert any("vault/salaries.parquet can read it" in line for line in lines)
    assert not any("books" in line or "finance" in line for line in lines)


def test_a_class_that_was_given_up_is_told_and_stops_nothing(scene: Scene) -> None:
    kept = {name: gid for name, gid in GIDS.items() if name != "hr"}
    scene.store = Store(scene.store.root, kept, operators=OPERATORS, reserve_bytes=0)
    lines = scene.violations(scene.readers[0])
    assert [line for line in lines if "this access class has no group on this machine" in line]


def test_who_lost_a_group_is_told_what_they_lack(scene: Scene) -> None:
    private = scene.readers[1]
    lines = scene.violations(replace(private, groups=(GIDS["public"],)))
    assert any("vault/salaries.parquet cannot read it" in line for line in lines)
    assert any("server/parquet cannot read it" in line for line in lines)


def test_trying_changes_nothing_and_leaves_the_observer_root(scene: Scene) -> None:
    def state() -> list[tuple[str, int, int]]:
        stats = ((path, path.lstat()) for path in sorted(scene.root.rglob("*")))
        return [(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats]

    before = state()
    scene.prove()
    assert state() == before
    assert os.geteuid() == 0


def test_a_reader_who_cannot_be_become_is_no_silent_success(scene: Scene) -> None:
    impossible = replace(scene.readers[0], uid=-5)
    with pytest.raises(Exception, match="could not check access as person0"):
        try_as(impossible, [Attempt("/", "folder")])


def link_for_a_view(scene: Scene, outside: Path) -> None:
    (scene.current / "views/hr").mkdir()
    (scene.current / "views/hr/tree").symlink_to(outside)


def link_for_a_document(scene: Scene, outside: Path) -> None:
    (scene.current / "views/tree/docs/schema.yml").unlink()
    (scene.current / "views/tree/docs/schema.yml").symlink_to(outside / "salaries.json")


def link_for_a_manifest(scene: Scene, outside: Path) -> None:
    (scene.current / "views/tree/manifest.json").unlink()
    (scene.current / "views/tree/manifest.json").symlink_to(outside / "salaries.json")


def link_for_all_generations(scene: Scene, outside: Path) -> None:
    name = scene.current.name
    (scene.store.root / "generations").rename(scene.store.root / "aside")
    (scene.store.root / "generations").symlink_to(outside)
    (outside / name / "views").mkdir(parents=True)
    shutil.copytree(scene.store.root / "aside" / name, outside / name, dirs_exist_ok=True)
    (outside / name / "views/tree/salaries.json").write_text('{"table": "vault/salaries"}')


def link_in_the_store(scene: Scene, outside: Path) -> None:
    (scene.store.root / "more").symlink_to(outside)


@pytest.mark.parametrize(
    "planted",
    [
        link_for_a_view,
        link_for_a_document,
        link_for_a_manifest,
        link_for_all_generations,
        link_in_the_store,
    ],
)
def test_a_link_that_the_service_plants_says_nothing_of_what_root_alone_may_read(
    scene: Scene, tmp_path: Path, planted: Callable[[Scene, Path], None]
) -> None:
    """The canary is a document of a hidden table, where nobody but root comes."""
    outside = tmp_path / "roots"
    outside.mkdir(mode=0o700)
    (outside / "salaries.json").write_text('{"table": "vault/salaries", "canary-4f1c": 1}')
    planted(scene, outside)
    try:
        lines = scene.violations()
    except Exception as error:
        lines = [str(error)]
    assert lines if planted is not link_in_the_store else not lines
    assert not [line for line in lines if " names " in line or "canary" in line]
    assert not [line for line in lines if "salaries.json" in line and "views" not in line]
