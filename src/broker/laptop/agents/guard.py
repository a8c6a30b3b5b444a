"""What an agent should not do in the folder of the data, and the command that it needs instead.

The second net behind the settings of the agents and the guard of the query command: it sees what a
line of shell says, not what a program does. Pure. Standard library only: it is asked before each
command of an agent.
"""

from __future__ import annotations

import fnmatch
import ntpath
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath, PureWindowsPath
from typing import Any

from . import commands
from .shell import ShellCommand, commands_of
from .shell_words import UnreadableLineError

__all__ = ["refusal"]

_OPEN = (
    "This opens the database of views so that it could be written, which blocks the next sync. "
    f'Ask with: {commands.QUERY} sql "SELECT ..." '
    "(or open it with `duckdb -readonly`, in Python with `read_only=True`)."
)
_WRITE = (
    "server/ belongs to the broker, and each sync replaces it. Write below user/ instead; "
    f"for newer data run: {commands.SYNC}"
)
_UNREAD = (
    "This line is too long, or nested too deeply, to see whether it writes into server/. Write what"
    " is long in it to a file below user/ first, and name that file."
)
_OF_EACH_WORD = frozenset(
    {"chmod", "chown", "mkdir", "mv", "rm", "rmdir", "shred", "tee", "touch", "truncate", "unlink"}
)
_OF_THE_LAST = frozenset({"cp", "install", "ln", "rsync", "scp"})
_FOLDER_FIRST = frozenset({"cp", "install", "ln"})
_IN_PLACE = frozenset({"sed", "perl"})
_TO_OPTION = {
    "curl": ("-o", "--output", "--output-dir"),
    "sort": ("-o", "--output"),
    "tar": ("-C", "--directory"),
    "unzip": ("-d",),
    "wget": ("-O", "--output-document", "-P", "--directory-prefix"),
}
_EXTRACTS = re.compile(r"\A[A-Za-z]*x|(?<!\S)-[A-Za-z]*x|--extract|--get")
_PACKERS = frozenset({"bunzip2", "bzip2", "gunzip", "gzip", "unxz", "xz", "zstd"})
_TO_OUTPUT = re.compile(r"-[A-Za-z0-9]*[clt][A-Za-z0-9]*|--(?:stdout|to-stdout|list|test)")
_FILE_TOOLS = {
    "Write": "file_path",
    "Edit": "file_path",
    "MultiEdit": "file_path",
    "NotebookEdit": "notebook_path",
}
_PATCH = "apply_patch"  # of Codex: a tool, and a command that it takes out of a line of shell
_PATCHED = re.compile(r"^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$", re.MULTILINE)
_PYTHON = re.compile(r"python[0-9.]*|uv|ipython[0-9]*")
_DUCKDB_VALUES = frozenset(
    {"-c", "-cmd", "-f", "-init", "-newline", "-nullvalue", "-s", "-separator", "-storage_version"}
)
_PLACES = re.compile(
    r"\$(?:(PWD|HOME|CLAUDE_PROJECT_DIR)\b|\{(PWD|HOME|CLAUDE_PROJECT_DIR)\})|^(~)(?=/|$)"
)
_NO_HOME = PurePath("/nonexistent")
_OF_BASH = re.compile(r"^/([A-Za-z])/")  # a drive as the bash of Git for Windows names it
_TEXT = r"""['"]([^'"]+)['"]"""
_OUTPUT = re.compile(rf"\b(?:TO|DATABASE)\s+{_TEXT}", re.IGNORECASE)
_ATTACH = re.compile(
    rf"\bATTACH\s+(?:DATABASE\s+|IF\s+NOT\s+EXISTS\s+)*{_TEXT}([^;]*)", re.IGNORECASE
)
_CONNECT = re.compile(rf"\bconnect\(\s*(?:database\s*=\s*)?[rf]?{_TEXT}([^)]*)")


def refusal(
    tool: str, values: Mapping[str, Any], cwd: PurePath, root: PurePath, home: PurePath = _NO_HOME
) -> str | None:
    """Why the agent should not make this call, with what to do instead; None if it may.

    ``values`` are the input of the tool, ``root`` is the folder of the data, ``home`` the person's.
    """
    place = _Folder(root, home)
    if tool in _FILE_TOOLS:
        path = values.get(_FILE_TOOLS[tool])
        return _WRITE if isinstance(path, str) and place.is_server(path, cwd) else None
    line = values.get("command")
    if tool not in ("Bash", _PATCH) or not isinstance(line, str):
        return None
    if tool == _PATCH:
        return _WRITE if place.is_patched(line, cwd) else None
    try:
        found = list(commands_of(line, cwd))
    except ValueError:
        return None  # the shell will not run it either
    except UnreadableLineError:
        return _UNREAD
    return next((reason for command in found if (reason := _of_command(command, place))), None)


class _Folder:
    """Which of its parts a word of a command leads to."""

    def __init__(self, root: PurePath, home: PurePath) -> None:
        self._root = root
        self._home = home
        self._is_windows = isinstance(root, PureWindowsPath)
        self._server = self._spelt(str(root / "server"))
        self._database = self._spelt(str(root / "user" / "duckdb" / "analytics.duckdb"))

    def _spelt(self, path: str) -> str:
        """Without a ``..`` in it, with slashes; on Windows the spelling of letters is all one."""
        if not self._is_windows:
            return posixpath.normpath(path)
        return ntpath.normpath(_OF_BASH.sub(r"\1:/", path)).replace("\\", "/").lower()

    def _place(self, word: str, cwd: PurePath) -> str:
        home = str(self._home)
        places = {"PWD": str(cwd), "CLAUDE_PROJECT_DIR": str(self._root), "HOME": home, "~": home}
        word = _PLACES.sub(lambda match: places[match[1] or match[2] or match[3]], word)
        # A command after `cd` through a link stands where the link leads.
        if self._is_windows:
            return self._spelt(ntpath.join(ntpath.normpath(cwd), _OF_BASH.sub(r"\1:/", word)))
        return self._spelt(posixpath.join(posixpath.normpath(cwd), word))

    def is_server(self, word: str, cwd: PurePath) -> bool:
        """Whether it is ``server/`` or stands below."""
        place = self._place(word, cwd)
        return (place + "/").startswith(self._server + "/") or (
            bool(set("*?[") & set(place)) and self._matches(place)
        )

    def has_server(self, word: str, cwd: PurePath) -> bool:
        """The same, or a folder above."""
        place = self._place(word, cwd)
        return self.is_server(word, cwd) or self._server.startswith(place.rstrip("/") + "/")

    def is_database(self, word: str, cwd: PurePath) -> bool:
        """Whether it is the database of views."""
        return self._place(word, cwd) == self._database

    def is_patched(self, patch: str, cwd: PurePath) -> bool:
        """Whether a patch changes a file of ``server/``."""
        return any(self.is_server(path.rstrip(), cwd) for path in _PATCHED.findall(patch))

    def _matches(self, pattern: str) -> bool:
        """Whether the shell could make ``server/``, or a path below it, of this pattern."""
        parts, server = pattern.split("/"), self._server.split("/")
        return len(parts) >= len(server) and all(map(fnmatch.fnmatchcase, server, parts))


def _of_command(command: ShellCommand, place: _Folder) -> str | None:
    if any(place.is_server(word, command.cwd) for word in command.writes):
        return _WRITE
    if any(check(command, place) for check in _WRITERS):
        return _WRITE
    if command.name == "duckdb" and _opens_for_writing(command, place):
        return _OPEN
    texts = [*_code(command)]
    if any(_connects(text, command, place) for text in texts):
        return _OPEN
    written = (match[1] for text in texts for match in _OUTPUT.finditer(text))
    return _WRITE if any(place.is_server(path, command.cwd) for path in written) else None


def _paths(command: ShellCommand) -> list[str]:
    return [word for word in command.words if not word.startswith("-")]


def _patches(command: ShellCommand, place: _Folder) -> bool:
    patch = "\n".join([*command.words, command.stdin])
    return command.name == _PATCH and place.is_patched(patch, command.cwd)


def _writes_each(command: ShellCommand, place: _Folder) -> bool:
    if command.name not in _OF_EACH_WORD:
        return False
    reaches = place.has_server if command.name in ("rm", "mv") else place.is_server
    folders = _values(command, "--target-directory") if command.name == "mv" else ()
    return any(reaches(word, command.cwd) for word in (*_paths(command), *folders))


def _writes_last(command: ShellCommand, place: _Folder) -> bool:
    if command.name not in _OF_THE_LAST:
        return False
    folders = _values(command, "-t", "--target-directory") if command.name in _FOLDER_FIRST else ()
    targets = [*folders] or _paths(command)[-1:]
    return any(place.is_server(word, command.cwd) for word in targets)


def _unpacks(command: ShellCommand, place: _Folder) -> bool:
    """Downloads and archives, of which an option says where to."""
    options = _TO_OPTION.get(command.name, ())
    if command.name == "tar" and not _EXTRACTS.search(" ".join(command.words)):
        return False
    return any(place.is_server(word, command.cwd) for word in _values(command, *options))


def _packs(command: ShellCommand, place: _Folder) -> bool:
    """What puts another file in the place of each."""
    is_only_read = any(_TO_OUTPUT.fullmatch(word) for word in command.words)
    return (
        command.name in _PACKERS
        and not is_only_read
        and any(place.is_server(word, command.cwd) for word in _paths(command))
    )


def _writes_in_place(command: ShellCommand, place: _Folder) -> bool:
    is_in_place = any(re.match(r"-\w*i|--in-place", word) for word in command.words)
    return (
        command.name in _IN_PLACE
        and is_in_place
        and any(place.is_server(word, command.cwd) for word in _paths(command))
    )


def _writes_blocks(command: ShellCommand, place: _Folder) -> bool:
    targets = [word[3:] for word in command.words if word.startswith("of=")]
    return command.name == "dd" and any(place.is_server(word, command.cwd) for word in targets)


def _removes_found(command: ShellCommand, place: _Folder) -> bool:
    acts = {"-delete", "-exec", "-execdir"} & {*command.words}
    if command.name != "find" or not acts:
        return False
    if "-delete" not in acts and not {"rm", "mv", "chmod", "truncate", "shred"} & {*command.words}:
        return False
    starts = []
    for word in command.words:
        if word.startswith(("-", "(", "!")):
            break
        starts.append(word)
    return any(place.has_server(word, command.cwd) for word in starts or ["."])


_WRITERS: tuple[Callable[[ShellCommand, _Folder], bool], ...] = (
    _writes_each,
    _writes_last,
    _writes_in_place,
    _writes_blocks,
    _unpacks,
    _packs,
    _removes_found,
    _patches,
)


def _values(command: ShellCommand, *options: str) -> Iterator[str]:
    """What is given to an option, as the next word or after ``=``."""
    for at, word in enumerate(command.words):
        name, equals, value = word.partition("=")
        if word in options and at + 1 < len(command.words):
            yield command.words[at + 1]
        elif name in options and equals:
            yield value


def _opens_for_writing(command: ShellCommand, place: _Folder) -> bool:
    if "-readonly" in command.words or "--readonly" in command.words:
        return False
    words = iter(command.words)
    for word in words:
        if not word.startswith("-"):
            return place.is_database(word, command.cwd)
        if word.replace("--", "-", 1) in _DUCKDB_VALUES:
            next(words, None)
    return False


def _code(command: ShellCommand) -> Iterator[str]:
    """SQL or Python that stands in the line itself."""
    if command.name == "duckdb":
        yield from (*command.words, command.stdin)
    elif _PYTHON.fullmatch(command.name):
        yield from (*_values(command, "-c"), command.stdin)


def _connects(text: str, command: ShellCommand, place: _Folder) -> bool:
    """Whether it opens the database of views without saying that it only reads."""
    opened = [
        *((match, r"read_only\s*=\s*True") for match in _CONNECT.finditer(text)),
        *((match, r"(?i)\bREAD_ONLY\b") for match in _ATTACH.finditer(text)),
    ]
    return any(
        place.is_database(match[1], command.cwd) and not re.search(promise, match[2])
        for match, promise in opened
    )
