#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: folders, files and links that belong together, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_files
short_description: Ensure that folders, files and links are as described
version_added: "0.1.0"
description:
  - Compares all of them with the host before it changes the first, then makes what differs, folders
    first. Owner, group and mode are always set, so the umask of the host decides nothing.
  - Files that must change in the same moment wait beside their places (O(files[].later)), and one
    last call with O(taken) and O(links) puts them there. What fails before changes none of them.
  - One call takes the time that a built-in module takes for each of them.
extends_documentation_fragment: turn
options:
  folders:
    description: Folders in the order in which they are made; the folder above must exist by then.
    type: list
    elements: dict
    default: []
    suboptions:
      path: &path
        description: Where it is, from the root of the host.
        type: str
        required: true
      mode:
        description: Its rights, in octal digits.
        type: str
        default: "0755"
      owner: &owner
        description: The account to which it belongs.
        type: str
        default: root
      group: &group
        description: The group to which it belongs.
        type: str
        default: root
      only:
        description: For a folder, whether to remove from it what this call does not describe.
        type: bool
        default: false
  files:
    description: Files, each replaced in one rename where its text or its rights differ.
    type: list
    elements: dict
    default: []
    suboptions:
      path: *path
      content:
        description: The whole text.
        type: str
        required: true
      mode:
        description: Its rights, in octal digits.
        type: str
        default: "0644"
      owner: *owner
      group: *group
      once:
        description: Whether a file that exists is left as it is.
        type: bool
        default: false
      later:
        description:
          - Whether a text that differs only waits, as C(.NAME.next) beside the file, until a call
            has the file among O(taken). Until then the old text is in force.
        type: bool
        default: false
      state:
        description: Whether the file is there.
        type: str
        choices: [present, absent]
        default: present
  links:
    description: Symbolic links, each replaced in one rename where it leads elsewhere.
    type: list
    elements: dict
    default: []
    suboptions:
      path: *path
      target:
        description: Where it leads.
        type: str
        required: true
  taken:
    description:
      - Files whose new text waits and takes its place now, one rename after another. A file for
        which nothing waits is left alone.
    type: list
    elements: str
    default: []
  absent:
    description: What must not exist, folders with all that is in them.
    type: list
    elements: str
    default: []
  validate:
    description: A command that must succeed with the path of each new text before any is written.
    type: list
    elements: str
    default: []
  follow:
    description:
      - A command that makes a change count, such as V([systemctl, daemon-reload]). It follows every
        change of this call, and is run by the next call where it failed or this one was cut off.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Reports what would be done; new text is validated only in a real run.
    support: full
  diff_mode:
    description: Shows every text, and what differs of the rights, before and after.
    support: full
  idempotent:
    description: A second run with the same input changes nothing.
    support: full
requirements:
  - root
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Ensure that the service finds its configuration
  host_files:
    folders:
      - {path: /etc/hello, mode: "0750", group: hello}
    files:
      - {path: /etc/hello/greeting, content: "hello\n", mode: "0640", group: hello}
    links:
      - {path: /usr/local/bin/hello, target: /opt/hello/bin/hello}
    absent: [/etc/hello/greeting.old]
"""

RETURN = r"""
written:
  description: The paths that were, or would be, made, changed or removed.
  returned: success
  type: list
  elements: str
  sample: [/etc/hello/greeting]
"""

import errno
import grp
import os
import pwd
import shlex
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.errors import BrokerError
from ansible.module_utils.broker.files import fsync_dir, link_beside, write_beside
from ansible.module_utils.broker.owed import owes, owing
from ansible.module_utils.broker.turn import mine

_RIGHTS: dict[str, Any] = {
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}
_PATH: dict[str, Any] = {"path": {"type": "str", "required": True}}
_SHAPES: dict[str, dict[str, Any]] = {
    "folders": {
        **_PATH,
        "mode": {"type": "str", "default": "0755"},
        **_RIGHTS,
        "only": {"type": "bool", "default": False},
    },
    "files": {
        **_PATH,
        "content": {"type": "str", "required": True},
        "mode": {"type": "str", "default": "0644"},
        **_RIGHTS,
        "once": {"type": "bool", "default": False},
        "later": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    "links": {**_PATH, "target": {"type": "str", "required": True}},
}
ARGUMENT_SPEC: dict[str, Any] = {
    name: {"type": "list", "elements": "dict", "default": [], "options": shape}
    for name, shape in _SHAPES.items()
} | {
    name: {"type": "list", "elements": "str", "default": []}
    for name in ("taken", "absent", "validate", "follow")
}
ARGUMENT_SPEC["turn"] = {"type": "str", "default": ""}


class Module(AnsibleModule):
    """Notes in the journal of the host which paths it changes, and no text of its arguments."""

    def log(self, msg: Any, log_args: Any = None) -> None:
        """Where a built-in module notes how it was called: nothing."""

    def note(self, changes: list[HostChange]) -> None:
        """A line for the journal."""
        if changes:
            super().log(f"Changes {', '.join(str(change.path) for change in changes)}")


class UnfitError(Exception):
    """The host cannot be as described; the text says why."""


@dataclass(frozen=True, slots=True)
class FileRights:
    """Mode, owner and group; a number is None for a name that the host does not know."""

    mode: int
    uid: int | None
    gid: int | None

    @classmethod
    def wanted(cls, item: dict[str, Any]) -> FileRights:
        """As described; names are looked up on this host."""
        return cls(int(item["mode"], 8), _uid(item["owner"]), _gid(item["group"]))

    @classmethod
    def found(cls, path: Path) -> FileRights:
        """As the host has them."""
        status = path.stat()
        return cls(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)

    def lines(self, other: FileRights) -> str:
        """What differs from the other, a line each."""
        words = (
            (self.mode != other.mode, f"mode: '{self.mode:04o}'"),
            (self.uid != other.uid, f"owner: {_named(self.uid, pwd.getpwuid)}"),
            (self.gid != other.gid, f"group: {_named(self.gid, grp.getgrgid)}"),
        )
        return "".join(f"{word}\n" for differs, word in words if differs)


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class HostChange:
    """One path that is not as described: both sides for a diff, and what makes it so."""

    path: Path
    before: str
    after: str
    prepare: Callable[[], Path | None] = _nothing  # what needs room; the path of what takes a place
    make: Callable[[], None] = _nothing  # what comes once all is prepared, and needs none
    place: Path | None = None  # where what was prepared goes in one rename
    text: str | None = None  # of a file that will be written
    moves: bool = False  # whether the disk is to keep the rename


def main() -> None:
    """Carry out one call."""
    module = Module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        with mine("" if module.check_mode else module.params["turn"]):
            changes = [*compare(module.params)]
            owed = owes(shlex.join(module.params["follow"]))
            if not module.check_mode:
                require_names(module.params)
                validate(module, changes)
                module.note(changes)
                carry_out(module, changes, owed=owed)
    except (BrokerError, UnfitError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(changes) or owed,
        written=[str(change.path) for change in changes],
        diff=[_difference(change) for change in changes] + _owed(module.params["follow"], owed),
    )


def compare(described: dict[str, Any]) -> Iterator[HostChange]:
    """All that differs, in the order in which it is made; nothing is changed."""
    for item in described["folders"]:
        yield from _folder(Path(item["path"]), FileRights.wanted(item))
    for item in described["files"]:
        wanted = item["state"] == "present"
        yield from _file(Path(item["path"]), item) if wanted else _absent(Path(item["path"]))
    for path in map(Path, described["taken"]):
        yield from _taken(path)
    for item in described["links"]:
        yield from _link(Path(item["path"]), item["target"])
    for path in [*map(Path, described["absent"]), *_others(described)]:
        yield from _absent(path)


def require_names(described: dict[str, Any]) -> None:
    """Raises ``UnfitError`` for an account or a group that this host does not have."""
    for item in [*described["folders"], *described["files"]]:
        if _uid(item["owner"]) is None:
            raise UnfitError(f"{item['path']}: there is no account {item['owner']} on this host")
        if _gid(item["group"]) is None:
            raise UnfitError(f"{item['path']}: there is no group {item['group']} on this host")


def validate(module: Module, changes: list[HostChange]) -> None:
    """Raises ``UnfitError`` with the words of the command that does not take a new text."""
    command = module.params["validate"]
    for change in changes if command else []:
        if change.text is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder, change.path.name)
            written.write_text(change.text, encoding="utf-8")
            code, output, error = module.run_command([*command, str(written)])
        if code:
            lines = (error or output).strip().splitlines() or ["no output"]
            raise UnfitError(f"{change.path}: {command[0]} refuses it: {'; '.join(lines[-5:])}")


def carry_out(module: Module, changes: list[HostChange], *, owed: bool) -> None:
    """Raises ``UnfitError`` with what could not be made, or the words of what must follow."""
    command = module.params["follow"]
    if not command or not (changes or owed):
        make(changes)
        return
    with owing(shlex.join(command)):
        make(changes)
        code, output, error = module.run_command(command)
        if code:
            lines = (error or output).strip().splitlines() or ["no output"]
            raise UnfitError(f"{' '.join(command[:2])}: {'; '.join(lines[-5:])}")


def make(changes: list[HostChange]) -> None:
    """Raises ``UnfitError`` with the first path that could not be made, changed or removed.

    What needs room, or what the host may refuse, comes before the first rename. The renames of a
    switch follow each other without a wait for the disk, so that neither a kill nor a power cut
    finds time between them.
    """
    arriving: dict[int, Path] = {}
    moved: dict[Path, None] = {}
    try:
        for number, change in enumerate(changes):
            with _path_in_error(change.path):
                prepared = change.prepare()
                if prepared is not None:
                    arriving[number] = prepared
        for number, change in enumerate(changes):
            with _path_in_error(change.path):
                if number in arriving and change.place is not None:
                    arriving.pop(number).replace(change.place)
                change.make()
            if change.moves:
                moved[change.path.parent] = None
    finally:
        for path in arriving.values():
            path.unlink(missing_ok=True)
        for folder in moved:
            fsync_dir(folder)


@contextmanager
def _path_in_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror
        if error.errno == errno.EPERM:
            reason += (
                f"; it or its folder is immutable. `chattr -ia {shlex.quote(str(path))}`, or the "
                "same with its folder, ends that; `lsattr` shows it"
            )
        raise UnfitError(f"{path}: {reason}") from error


def _folder(path: Path, rights: FileRights) -> Iterator[HostChange]:
    """A link that leads to a folder counts as one: data may live on another disk."""
    if path.exists() and not path.is_dir():
        raise UnfitError(f"{path} is not a folder")
    if not path.is_dir():
        yield HostChange(path, "", "state: folder\n", lambda: _make_folder(path, rights))
        return
    found = FileRights.found(path)
    if found != rights:
        before, after = found.lines(rights), rights.lines(found)
        yield HostChange(path, before, after, lambda: _set_rights(path, rights))


def _make_folder(path: Path, rights: FileRights) -> None:
    path.mkdir(mode=0o700)
    _set_rights(path, rights)


def _set_rights(path: Path, rights: FileRights) -> None:
    """On a descriptor, so that both calls reach the same folder; the mode last: see chown(2)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fchown(descriptor, _known(rights.uid), _known(rights.gid))
        os.fchmod(descriptor, rights.mode)
    finally:
        os.close(descriptor)


def _file(path: Path, item: dict[str, Any]) -> Iterator[HostChange]:
    if path.is_dir() and not path.is_symlink():
        raise UnfitError(f"{path} is a folder, not a file")
    there = path.is_file() and not path.is_symlink()
    if item["once"] and path.exists():
        return
    rights, text = FileRights.wanted(item), item["content"]
    before, after = "", text
    place = _waiting(path) if item["later"] else path
    if there:
        found, data = FileRights.found(path), path.read_bytes()
        if (found, data) == (rights, text.encode()):
            if item["later"]:  # what a call that was cut off left
                yield from _absent(place)
            return
        before = found.lines(rights) + data.decode(errors="replace")
        after = rights.lines(found) + text
    write = partial(_write, place, text, rights, instead_of=path)
    yield HostChange(path, before, after, write, place=place, text=text, moves=True)


def _waiting(path: Path) -> Path:
    return path.with_name(f".{path.name}.next")


def _taken(path: Path) -> Iterator[HostChange]:
    """The text was shown when it began to wait."""
    waiting = _waiting(path)
    if waiting.exists():
        take = partial(waiting.replace, path)
        yield HostChange(path, "", "", lambda: _require_replaceable(path), take, moves=True)


def _write(path: Path, text: str, rights: FileRights, *, instead_of: Path) -> Path:
    _require_replaceable(instead_of)
    return write_beside(path, text, mode=rights.mode, uid=rights.uid, gid=rights.gid)


def _require_replaceable(path: Path) -> None:
    """Raises ``PermissionError`` for a file that root may not replace: see chattr(1)."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        if error.errno == errno.EPERM:
            raise


def _link(path: Path, target: str) -> Iterator[HostChange]:
    if path.is_dir() and not path.is_symlink():
        raise UnfitError(f"{path} is a folder, not a link")
    found = str(path.readlink()) if path.is_symlink() else "no link" if path.exists() else ""
    if found != target:
        before = f"target: {found}\n" if found else ""
        turned = partial(link_beside, path, target)
        yield HostChange(path, before, f"target: {target}\n", turned, place=path, moves=True)


def _others(described: dict[str, Any]) -> list[Path]:
    """What stands in a folder that has ``only`` what is described."""
    shapes = (described[name] for name in _SHAPES)
    known = {Path(item["path"]) for shape in shapes for item in shape}
    folders = [Path(item["path"]) for item in described["folders"] if item["only"]]
    there = (path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()))
    return [path for path in there if path not in known]


def _absent(path: Path) -> Iterator[HostChange]:
    if not os.path.lexists(path):
        return
    is_folder = path.is_dir() and not path.is_symlink()
    remove = (lambda: shutil.rmtree(path)) if is_folder else path.unlink
    yield HostChange(path, f"state: {'folder' if is_folder else 'file'}\n", "", make=remove)


def _uid(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _gid(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _named(number: int | None, look_up: Callable[[int], Any]) -> str:
    """The name of an account or a group as a diff shows it."""
    if number is None:
        return "not on this host yet"
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def _known(number: int | None) -> int:
    if number is None:
        raise AssertionError("names are looked up before anything is made")
    return number


def _difference(change: HostChange) -> dict[str, str]:
    return {
        "before_header": str(change.path),
        "after_header": str(change.path),
        "before": change.before,
        "after": change.after,
    }


def _owed(command: list[str], owed: bool) -> list[dict[str, str]]:
    """What a call that was cut off left to be done, in a diff."""
    head = {"before_header": shlex.join(command), "after_header": shlex.join(command)}
    return [{**head, "before": "", "after": "state: done\n"}] if owed else []


if __name__ == "__main__":
    main()
