"""The declaration as JSON Schema, for editors."""

from __future__ import annotations

from typing import Any, Literal

from .description import DescriptionFile
from .instance import Instance

__all__ = ["json_schema"]


def json_schema(which: Literal["instance", "description"]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of ``instance.yaml``, or of a block of the description."""
    model = Instance if which == "instance" else DescriptionFile
    schema = model.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
