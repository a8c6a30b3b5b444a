"""A server of SFTP version 3 that can only read. OpenSSH's own cannot be kept to a folder by an
account of its own; this one knows no path but those of :class:`Tree`."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from .tree import Tree
from .wire import BrokenPacketError, PacketReader, attributes, listed, read_packet, text

__all__ = ["Served", "serve"]

_VERSION = struct.pack(">BI", 2, 3)
_OK, _EOF, _NO_FILE, _DENIED, _FAILURE, _UNSUPPORTED = 0, 1, 2, 3, 4, 8
_STATUS, _HANDLE, _DATA, _NAME, _ATTRIBUTES = 101, 102, 103, 104, 105
_READ_ONLY = 0x1
_MAX_HANDLES = 64
_MAX_READ = 64 * 1024
_NAMES_AT_ONCE = 100
_WRITING = frozenset({6, 9, 10, 13, 14, 15, 18, 20})
_WORDS = {
    _OK: "Done",
    _EOF: "End",
    _NO_FILE: "No such file",
    _DENIED: "This account can only read by sftp",
    _FAILURE: "Failed",
    _UNSUPPORTED: "Not supported",
}

Listing = Iterator[tuple[str, os.stat_result]]


@dataclass(slots=True)
class Served:
    """Bytes of a session as the server counts them, while it goes on and after it.

    ``is_whole`` is false until its end, and where the client went with a file still open, did not
    take an answer, or broke the protocol.
    """

    sent: int = 0
    received: int = 0
    is_whole: bool = False


def serve(tree: Tree, served: Served) -> None:
    """Answer requests until the client is gone or sends an invalid packet, and count."""
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    session = _Session(tree)
    with suppress(BrokenPacketError, ConnectionError):
        while packet := read_packet(incoming):
            answer = session.answer(packet)
            served.sent, served.received = (
                served.sent + 4 + len(answer),
                served.received + 4 + len(packet),
            )
            outgoing.write(struct.pack(">I", len(answer)) + answer)
            outgoing.flush()
        served.is_whole = not session.is_reading


class _Session:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._files: dict[bytes, int] = {}
        self._folders: dict[bytes, Listing] = {}
        self._last = 0
        self._acts: dict[int, Callable[[bytes, PacketReader], bytes]] = {
            3: self._open,
            4: self._close,
            5: self._read,
            7: self._stat,
            8: self._fstat,
            11: self._opendir,
            12: self._readdir,
            16: self._realpath,
            17: self._stat,
        }

    @property
    def is_reading(self) -> bool:
        """Whether a file is open: a client closes each one that it has read to its end."""
        return bool(self._files)

    def answer(self, packet: bytes) -> bytes:
        fields = PacketReader(packet)
        kind = fields.number(1)
        if kind == 1:
            return _VERSION
        number = fields.number().to_bytes(4, "big")
        act = self._acts.get(kind)
        if act is None:
            return _status(number, _DENIED if kind in _WRITING else _UNSUPPORTED)
        try:
            return act(number, fields)
        except (FileNotFoundError, NotADirectoryError):
            return _status(number, _NO_FILE)
        except PermissionError:
            return _status(number, _DENIED)
        except (OSError, OverflowError, ValueError):  # an offset of 2^63 or more overflows
            return _status(number, _FAILURE)

    def _handle(self) -> bytes:
        if len(self._files) + len(self._folders) >= _MAX_HANDLES:
            raise OSError
        self._last += 1
        return self._last.to_bytes(8, "big")

    def _open(self, number: bytes, fields: PacketReader) -> bytes:
        path, flags = os.fsdecode(fields.text()), fields.number()
        if flags != _READ_ONLY:
            return _status(number, _DENIED)
        handle = self._handle()
        self._files[handle] = self._tree.open(path)
        return bytes([_HANDLE]) + number + text(handle)

    def _opendir(self, number: bytes, fields: PacketReader) -> bytes:
        path, handle = os.fsdecode(fields.text()), self._handle()
        self._folders[handle] = iter(list(self._tree.entries(path)))
        return bytes([_HANDLE]) + number + text(handle)

    def _close(self, number: bytes, fields: PacketReader) -> bytes:
        handle = fields.text()
        if handle in self._files:
            os.close(self._files.pop(handle))
        elif self._folders.pop(handle, None) is None:
            return _status(number, _FAILURE)
        return _status(number, _OK)

    def _read(self, number: bytes, fields: PacketReader) -> bytes:
        handle, offset, length = fields.text(), fields.number(8), fields.number()
        if handle not in self._files:
            return _status(number, _FAILURE)
        data = os.pread(self._files[handle], min(length, _MAX_READ), offset)
        return bytes([_DATA]) + number + text(data) if data else _status(number, _EOF)

    def _readdir(self, number: bytes, fields: PacketReader) -> bytes:
        listing = self._folders.get(fields.text())
        if listing is None:
            return _status(number, _FAILURE)
        entries = [listed(name, found) for name, found in islice(listing, _NAMES_AT_ONCE)]
        return _names(number, entries) if entries else _status(number, _EOF)

    def _stat(self, number: bytes, fields: PacketReader) -> bytes:
        found = self._tree.stat(os.fsdecode(fields.text()))
        return bytes([_ATTRIBUTES]) + number + attributes(found)

    def _fstat(self, number: bytes, fields: PacketReader) -> bytes:
        handle = fields.text()
        if handle not in self._files:
            return _status(number, _FAILURE)
        return bytes([_ATTRIBUTES]) + number + attributes(os.fstat(self._files[handle]))

    def _realpath(self, number: bytes, fields: PacketReader) -> bytes:
        path = self._tree.normal(os.fsdecode(fields.text()))
        return _names(number, [text(path) + text(path) + struct.pack(">I", 0)])


def _names(number: bytes, entries: list[bytes]) -> bytes:
    return bytes([_NAME]) + number + len(entries).to_bytes(4, "big") + b"".join(entries)


def _status(number: bytes, code: int) -> bytes:
    return bytes([_STATUS]) + number + code.to_bytes(4, "big") + text(_WORDS[code]) + text("")
