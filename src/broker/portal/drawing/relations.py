"""A table among those that it refers to and that refer to it, as a graph. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .paths import at

__all__ = ["GraphEdge", "GraphNode", "RelationGraph", "relation_graph"]

_MOST = 10  # tables on each side; a list beside the graph has all of them
_WIDTH, _HEIGHT = 208, 46
_ROW = 60
_FIELD = 820
_LETTERS = 25


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A box with the name of a table, cut where it is too long, and the columns of its edges."""

    path: str
    name: str
    columns: str
    x: int
    y: int
    width: int = _WIDTH
    height: int = _HEIGHT


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """A curve, for the attribute ``d``, that ends in a point at ``x`` and ``y``."""

    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class RelationGraph:
    """``left`` refer to ``here``, which refers to ``right``; ``left_out`` counts further ones."""

    here: GraphNode
    left: tuple[GraphNode, ...]
    right: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    width: int
    height: int
    left_out: int


def relation_graph(
    here: str,
    referring: Sequence[tuple[str, Sequence[str]]],
    referred: Sequence[tuple[str, Sequence[str]]],
) -> RelationGraph | None:
    """``referring`` and ``referred`` are the other tables, each with the columns that refer.

    None where there are none.
    """
    if not referring and not referred:
        return None
    rows = max(min(len(referring), _MOST), min(len(referred), _MOST), 1)
    height = rows * _ROW + 4
    middle = _node(here, (), (_FIELD - _WIDTH) // 2, (height - _HEIGHT) // 2)
    left = _side(referring[:_MOST], 2, height)
    right = _side(referred[:_MOST], _FIELD - _WIDTH - 2, height)
    edges = [_edge(node, middle) for node in left] + [_edge(middle, node) for node in right]
    left_out = sum(max(0, len(side) - _MOST) for side in (referring, referred))
    return RelationGraph(middle, left, right, tuple(edges), _FIELD, height, left_out)


def _side(
    tables: Sequence[tuple[str, Sequence[str]]], x: int, height: int
) -> tuple[GraphNode, ...]:
    top = (height - len(tables) * _ROW) // 2 + (_ROW - _HEIGHT) // 2
    return tuple(
        _node(path, columns, x, top + at_row * _ROW)
        for at_row, (path, columns) in enumerate(tables)
    )


def _node(path: str, columns: Sequence[str], x: int, y: int) -> GraphNode:
    return GraphNode(path, _cut(path), _cut(", ".join(columns)), x, y)


def _cut(text: str) -> str:
    """The end of a long name, which tells more than its folder."""
    return text if len(text) <= _LETTERS else "…" + text[1 - _LETTERS :]


def _edge(one: GraphNode, other: GraphNode) -> GraphEdge:
    begin, end = one.x + one.width, other.x
    top, bottom = one.y + one.height // 2, other.y + other.height // 2
    half = (begin + end) / 2
    path = f"M{begin} {top}C{at(half)} {top} {at(half)} {bottom} {end} {bottom}"
    return GraphEdge(path, end, bottom)
