"""A first guess at a file's dialect, for a person to confirm. Syncs never guess."""

from __future__ import annotations

import codecs
from contextlib import closing, suppress
from dataclasses import replace

from ...errors import SourceError
from .dialect import Dialect, dialect_from
from .inputs import InputFile, Inputs
from .proposal import Proposal, fit_of, propose
from .streams import plain_blocks

__all__ = ["advice", "sniff"]

_SAMPLE_BYTES = 64 * 1024


def sniff(place: Inputs, file: InputFile) -> Proposal:
    """The declaration that the beginning of a file fits best."""
    return _proposal(*_sample(place, file))


def advice(place: Inputs, file: InputFile, dialect: Dialect) -> str | None:
    """What to declare where that fits better than ``dialect``, or that nothing does."""
    with suppress(SourceError):
        sample, is_whole = _sample(place, file)
        now = fit_of(_text(sample, dialect.encoding), dialect, is_whole=is_whole)
        found = _proposal(sample, is_whole=is_whole)
        if found.doubt:
            return found.doubt
        is_better = found.fit.is_likely and found.fit.rank >= now.rank
        if is_better and _differs(found, dialect):
            advised = f"declare {found.yaml}" if found.declared else "remove csv:"
            return f"By its beginning, {advised}, as then {found.evidence}."
    return None


def _differs(found: Proposal, dialect: Dialect) -> bool:
    """Whether a proposal says more than other names and other words for NULL."""
    other = dialect_from(found.declared, "")
    same = replace(
        dialect,
        header=other.header,
        is_header_sure=other.is_header_sure,
        columns=other.columns,
        null_values=other.null_values,
        formats=(),
    )
    return same != other


def _proposal(sample: bytes, is_whole: bool) -> Proposal:
    encoding = _encoding(sample)
    found = propose(_text(sample, encoding), is_whole=is_whole)
    if encoding == "utf-8":
        return found
    return replace(found, declared={**found.declared, "encoding": encoding})


def _sample(place: Inputs, file: InputFile) -> tuple[bytes, bool]:
    """The first bytes of a file, and whether it has no more."""
    sample = b""
    with closing(place.open(file)) as stream:
        for block in plain_blocks(stream, file.name):
            sample += block
            if len(sample) > _SAMPLE_BYTES:
                return sample[:_SAMPLE_BYTES], False
    return sample, True


def _text(sample: bytes, encoding: str) -> bytes:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    return decoder.decode(sample).lstrip("\ufeff").encode()


def _encoding(sample: bytes) -> str:
    """Bytes that are not Unicode do not show their encoding: Western European is a guess."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = sample[:4096:2].count(0), sample[1:4096:2].count(0)
    if max(even, odd) > len(sample[:4096]) // 8:
        return "utf-16-le" if odd > even else "utf-16-be"
    for name in ("utf-8", "cp1252"):
        with suppress(UnicodeDecodeError):
            codecs.getincrementaldecoder(name)().decode(sample)
            return name
    return "iso8859-1"
