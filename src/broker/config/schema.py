"""The declaration as JSON Schema, for editors."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from .description import DescriptionFile
from .instance import Instance
from .metric import MetricDescription

__all__ = ["json_schema"]


_MODELS: dict[str, type[BaseModel]] = {
    "instance": Instance,
    "description": DescriptionFile,
    "metric": MetricDescription,
}


def json_schema(which: Literal["instance", "description", "metric"]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of ``instance.yaml``, a block of the description, or a metric."""
    schema = _MODELS[which].model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
