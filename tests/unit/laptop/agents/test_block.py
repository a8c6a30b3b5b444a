from __future__ import annotations

import pytest

from broker.errors import LaptopError
from broker.laptop.agents.block import with_block, without_block

HTML, HASH = ("<!-- ", " -->"), ("# ", "")
ADVICE = "(each sync writes what stands between these two lines)"
BLOCK = f"<!-- broker:begin {ADVICE} -->\ntext\n<!-- broker:end -->\n".encode()


def block(existing: bytes, text: str = "text") -> bytes:
    return with_block(existing, text, HTML, where="AGENTS.md")


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        (b"", BLOCK),
        (b"mine\n", b"mine\n\n" + BLOCK),
        (b"mine", b"mine\n\n" + BLOCK),
        (b"\xff\x00 mine\r\n", b"\xff\x00 mine\r\n\n" + BLOCK),
        (b"about broker:begin and broker:end\n", b"about broker:begin and broker:end\n\n" + BLOCK),
    ],
)
def test_a_file_without_block_gets_one_at_its_end(existing: bytes, expected: bytes) -> None:
    assert block(existing) == expected


@pytest.mark.parametrize("around", [(b"", b""), (b"a\n", b"b"), (b"\xffa\r\n\r\n", b"\r\n\xfeb")])
def test_what_stands_around_the_block_stays_byte_for_byte(around: tuple[bytes, bytes]) -> None:
    before, after = around
    changed = block(before + BLOCK + after, "other\n")
    assert changed == before + BLOCK.replace(b"text", b"other") + after
    assert block(changed, "text") == before + BLOCK + after
    assert without_block(changed, HTML, where="x") == before + after


def test_an_end_without_line_end_is_one() -> None:
    assert block(BLOCK.rstrip(b"\n")) == BLOCK


def test_the_comment_is_that_of_the_kind_of_file() -> None:
    made = with_block(BLOCK, "a = 1", HASH, where="x")
    assert made == BLOCK + f"\n# broker:begin {ADVICE}\na = 1\n# broker:end\n".encode()


@pytest.mark.parametrize(
    "broken",
    [
        BLOCK + BLOCK,
        BLOCK.replace(b"<!-- broker:end -->\n", b""),
        BLOCK[BLOCK.index(b"text") :],
        b"<!-- broker:end -->\n<!-- broker:begin -->\n",
        BLOCK + b"<!-- broker:end -->",
    ],
)
def test_markers_that_a_person_broke_are_refused(broken: bytes) -> None:
    with pytest.raises(
        LaptopError, match=r"AGENTS.md: where the block .* Nothing was changed in it"
    ):
        block(b"mine\n" + broken)
