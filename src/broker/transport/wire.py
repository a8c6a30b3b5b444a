"""Packets of SFTP version 3 (draft-ietf-secsh-filexfer-02), as far as reading needs them."""

from __future__ import annotations

import os
import stat
import struct
from typing import BinaryIO

__all__ = [
    "BrokenPacketError",
    "PacketReader",
    "attributes",
    "listed",
    "read_packet",
    "text",
]

_MAX_PACKET = 256 * 1024
_WITH_SIZE, _WITH_MODE, _WITH_TIMES = 0x1, 0x4, 0x8


class BrokenPacketError(Exception):
    """The bytes are not an SFTP packet."""


def read_packet(stream: BinaryIO) -> bytes:
    """The next packet without its length; empty when the client is gone."""
    head = stream.read(4)
    if len(head) < 4:
        return b""
    length = int.from_bytes(head, "big")
    if not 1 <= length <= _MAX_PACKET:
        raise BrokenPacketError
    body = stream.read(length)
    return body if len(body) == length else b""


class PacketReader:
    """Reads the fields of a packet one after the other."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def _take(self, length: int) -> bytes:
        if len(self._rest) < length:
            raise BrokenPacketError
        value, self._rest = self._rest[:length], self._rest[length:]
        return value

    def number(self, size: int = 4) -> int:
        """An unsigned number of ``size`` bytes."""
        return int.from_bytes(self._take(size), "big")

    def text(self) -> bytes:
        """A text with its length before it."""
        return self._take(self.number())


def text(value: str | bytes) -> bytes:
    """A text with its length before it."""
    data = os.fsencode(value)
    return struct.pack(">I", len(data)) + data


def attributes(found: os.stat_result) -> bytes:
    """Size, mode and times; the owner is not disclosed."""
    flags = _WITH_SIZE | _WITH_MODE | _WITH_TIMES
    seconds = int(found.st_mtime) & 0xFFFFFFFF
    return struct.pack(">IQIII", flags, found.st_size, found.st_mode, seconds, seconds)


def listed(name: str, found: os.stat_result) -> bytes:
    """An entry of a folder: its name, a line as of ``ls -l``, its attributes."""
    line = f"{stat.filemode(found.st_mode)} 1 - - {found.st_size:>12} {name}"
    return text(name) + text(line) + attributes(found)
