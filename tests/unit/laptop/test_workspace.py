"""A manifest that is read at several places of one sync is taken apart once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broker.errors import LaptopError
from broker.laptop.workspace import parse_manifest
from broker.manifest import Manifest

ONE, TWO = "2026-11-01T000000Z-0001", "2026-11-01T000000Z-0002"


def test_the_same_bytes_are_taken_apart_once_and_others_are_not_taken_for_them() -> None:
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    first, second = (Manifest(name, moment, ()).to_json() for name in (ONE, TWO))
    assert parse_manifest(first) is parse_manifest(bytes(bytearray(first)))
    assert parse_manifest(second).generation == TWO
    assert parse_manifest(first).generation == ONE


def test_what_cannot_be_used_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(LaptopError, match="the manifest cannot be used"):
            parse_manifest(b"{}")
