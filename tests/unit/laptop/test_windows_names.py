"""Names that Windows cannot have, or takes for others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broker.errors import LaptopError
from broker.laptop.windows_names import check_names, unusable
from broker.manifest import DocumentEntry, Manifest


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("parquet/con/x.parquet", "con is the name of a device there"),
        ("parquet/shop/NUL.parquet", "NUL.parquet is the name of a device there"),
        ("a/com1", "com1 is the name of a device there"),
        ("a/aux .txt", "aux .txt is the name of a device there"),
        ("a/x:y", "names cannot have ':' there"),
        ("c:/x", "names cannot have ':' there"),
        ("a/what?", r"names cannot have '\?' there"),
        ("a\\..\\b", r"names cannot have '\\\\' there"),
        ("a./b", r"names cannot end with '\.' there"),
        ("a/b ", "names cannot end with ' ' there"),
    ],
)
def test_a_name_is_refused_with_the_reason(path: str, reason: str) -> None:
    document = DocumentEntry(path, 1, "0" * 64)
    made = Manifest("2026-11-01T120001Z-0000", datetime(2026, 11, 1, tzinfo=UTC), (), (document,))
    with pytest.raises(LaptopError, match=reason) as caught:
        check_names(made)
    assert caught.value.where == path


@pytest.mark.parametrize("path", ["docs/tables/shop/console.markdown", "parquet/a.b/é-1_2.parquet"])
def test_other_names_are_names_there_too(path: str) -> None:
    assert unusable(path) is None


def test_two_names_that_differ_in_case_alone_are_one() -> None:
    files = tuple(DocumentEntry(path, 1, "0" * 64) for path in ("docs/Orders", "docs/orders"))
    made = Manifest("2026-11-01T120001Z-0000", datetime(2026, 11, 1, tzinfo=UTC), (), files)
    with pytest.raises(LaptopError, match="it is the same name as docs/Orders there"):
        check_names(made)
