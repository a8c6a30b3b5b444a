"""The twin of an SQL condition that DuckDB refuses where text would become another type unasked.

``amount <> 0`` with a column of text casts the text to INTEGER, and that drops 0.4; a time loses
its zone beside a TIMESTAMP. DuckDB itself refuses that for ``<``, ``coalesce`` and ``greatest``.
"""

from __future__ import annotations

from typing import Any

__all__ = ["twin"]

_COMPARISONS = (
    "COMPARE_EQUAL",
    "COMPARE_NOTEQUAL",
    "COMPARE_DISTINCT_FROM",
    "COMPARE_NOT_DISTINCT_FROM",
)
_MEMBERSHIPS = ("COMPARE_IN", "COMPARE_NOT_IN")


def twin(node: Any) -> Any:
    """The parsed condition with its equalities as what asks for one type on both sides.

    Beside true and false they stay: of text, a cast takes nothing but words for them.
    """
    if isinstance(node, list):
        return [twin(one) for one in node]
    if not isinstance(node, dict):
        return node
    inside = {name: twin(one) for name, one in node.items()}
    kind = node.get("type")
    if kind in _COMPARISONS and not any(_is_truth(node[side]) for side in ("left", "right")):
        return inside | {"type": "COMPARE_LESSTHAN"}
    if kind in _MEMBERSHIPS and not any(map(_is_truth, node["children"])):
        return inside | {"type": "OPERATOR_COALESCE"}
    if node.get("function_name") == "nullif":
        return inside | {"function_name": "greatest", "qualified_name": {"path": ["greatest"]}}
    return inside


def _is_truth(node: dict[str, Any]) -> bool:
    """Whether it is true or false, as it stands in the condition."""
    return node.get("class") == "CONSTANT" and node["literal"]["kind"] == "BOOLEAN"
