"""Settings that were not read from a file by ``config``, checked by the same declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from ..config.problems import did_you_mean
from ..config.values import Section
from ..errors import ConfigError

__all__ = ["checked"]

Model = TypeVar("Model", bound=Section)


def checked(model: type[Model], values: Mapping[str, Any], where: str, section: str = "") -> Model:
    """The values as a ``model``; raises ``ConfigError`` for the first that is wrong.

    A message names the key (under ``section``) and what is allowed, not the value, which may
    be a secret.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(map(str, [section, *detail["loc"]] if section else detail["loc"]))
    if detail["type"] == "missing":
        raise ConfigError(f"{key} is missing", where=where)
    if detail["type"] == "extra_forbidden":
        known = list(model.model_fields)
        raise ConfigError(
            f"unknown key '{key}'",
            where=where,
            expected=f"one of {', '.join(known)}",
            remedy=did_you_mean(str(detail["loc"][-1]), known),
        )
    expected = detail.get("ctx", {}).get("expected")
    raise ConfigError(f"{key} is wrong", where=where, expected=expected or detail["msg"])
