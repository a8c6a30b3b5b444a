"""Pages of the portal as a reader of HTML sees them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from flask.testing import FlaskClient

__all__ = ["Element", "Page", "crawl", "number_of", "read", "words"]

_VOID = {"meta", "link", "input", "img", "path", "rect", "br", "hr"}


@dataclass
class Element:
    """A start tag with its attributes, and all text up to its end."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Page:
    """All elements in the order in which they begin."""

    elements: list[Element] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements of a tag that have these attributes."""
        return [
            one
            for one in self.elements
            if one.tag == tag and all(one.attributes.get(k) == v for k, v in attributes.items())
        ]

    @property
    def links(self) -> list[str]:
        """The addresses within the portal that the page leads to, without their anchors."""
        found = (one.attributes.get("href") or "" for one in self.all("a"))
        return [href.partition("#")[0] for href in found if href.startswith("/")]

    def rows(self, table: str) -> list[list[str]]:
        """The texts of the cells of a table's body, by its id or by the label of what has it."""
        begin = next(
            at
            for at, one in enumerate(self.elements)
            if table in (one.attributes.get("id"), one.attributes.get("aria-label"))
        )
        rows: list[list[str]] = []
        tables = 0
        for one in self.elements[begin:]:
            tables += one.tag == "table"
            if one.tag == "tfoot" or tables > 1:
                break
            if one.tag == "tr":
                rows.append([])
            elif one.tag in ("td", "th"):
                rows[-1].append(one.text.strip())
        return rows[1:]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.page.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open[-1].tag == tag, f"{tag} ends in {self._open[-1].tag}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.text += data


def read(html: str) -> Page:
    """The page; fails where an element is not closed where it should be."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader._open
    return reader.page


def words(html: str) -> str:
    """The text of a page, without elements and with one space between words."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def number_of(text: str) -> int:
    """The number in a cell."""
    return int(text.replace(",", ""))


def _not_home(address: str) -> bool:
    return address != "/"


def crawl(
    client: FlaskClient,
    begin: str = "/catalog",
    *,
    is_wanted: Callable[[str], bool] = _not_home,
) -> Iterator[tuple[str, int, str]]:
    """Every page that is wanted and reached by links: its address, status and HTML."""
    waiting, seen = [begin] if is_wanted(begin) else [], {begin}
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        if answer.mimetype != "text/html":  # for programs
            continue
        yield address, answer.status_code, answer.text
        for link in read(answer.text).links:
            assert not urlsplit(link).netloc
            if link not in seen:
                seen.add(link)
                if is_wanted(link):
                    waiting.append(link)
