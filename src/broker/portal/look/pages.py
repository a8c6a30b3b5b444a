"""A long list in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask import abort, request

__all__ = ["Pages", "requested_begin", "requested_page", "requested_pages"]

_Item = TypeVar("_Item")
_LONGEST = 10**9  # items, which the helper for publishing can skip
_AROUND = 2  # neighbours of a page that it leads to


@dataclass(frozen=True, slots=True)
class Pages:
    """Page ``number`` of ``count``, both from 1 on; it has the items from ``begin`` to ``end``.

    ``parameter`` is that of the address which names the page.
    """

    number: int
    count: int
    begin: int
    end: int
    total: int
    parameter: str = "page"

    @classmethod
    def of(cls, number: str, total: int, size: int, parameter: str = "page") -> Pages | None:
        """From the number as an address has it; None where there is no such page.

        A list without items has one page.
        """
        count = max(1, -(-total // size))
        if not (number.isascii() and number.isdecimal() and len(number) <= 9):
            return None
        found = int(number)
        if not 1 <= found <= count:
            return None
        begin = (found - 1) * size
        return cls(found, count, begin, min(begin + size, total), total, parameter)

    @property
    def links(self) -> list[int | None]:
        """The pages to lead to: the first, the last and the neighbours; None for those between."""
        near = range(self.number - _AROUND, self.number + _AROUND + 1)
        wanted = sorted({1, self.count, *(page for page in near if 1 <= page <= self.count)})
        links: list[int | None] = []
        for page in wanted:
            if links and links[-1] is not None and page > links[-1] + 1:
                links.append(None)
            links.append(page)
        return links


def requested_page(
    items: Sequence[_Item], size: int, parameter: str = "page"
) -> tuple[Sequence[_Item], Pages]:
    """The part of a list that the request asks for by a parameter; 404 for one that is not there.

    Whatever list a page shows, it shows by this: none is cut without a way to the rest.
    """
    pages = requested_pages(len(items), size, parameter)
    return items[pages.begin : pages.end], pages


def requested_begin(size: int, parameter: str = "page") -> int:
    """The first item to fetch of a list whose length comes with it; then ``requested_pages``.

    404 for what no list has.
    """
    pages = Pages.of(request.args.get(parameter, "1"), _LONGEST, size, parameter)
    if pages is None:
        abort(404)
    return pages.begin


def requested_pages(total: int, size: int, parameter: str = "page") -> Pages:
    """The same for a list that is fetched by its part."""
    pages = Pages.of(request.args.get(parameter, "1"), total, size, parameter)
    if pages is None:
        abort(404)
    return pages
