"""YAML that another program wrote: flat enough to be read, and each part written out once.

libyaml overflows the stack at some ten thousand levels, and a few aliases of aliases stand for more
values than any memory holds.
"""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["parse_yaml"]

_MOST_LEVELS = 64
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(content: bytes) -> Any:
    """The values of one document; raises ``ValueError``."""
    try:
        _refuse_depth_and_aliases(content)
        return yaml.load(content, Loader=_Loader)  # noqa: S506 - the safe loader, in C
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _refuse_depth_and_aliases(content: bytes) -> None:
    level = 0
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it repeats a part by an alias")
        level += isinstance(event, yaml.CollectionStartEvent)
        level -= isinstance(event, yaml.CollectionEndEvent)
        if level > _MOST_LEVELS:
            raise ValueError("it is nested too deeply")
