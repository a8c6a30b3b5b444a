"""What ``ansible-doc`` reads out of a module, compared with what the module does."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

__all__ = ["check_returned", "documented_options", "plain", "spec_of"]


def documented_options(analyst: ModuleType) -> dict[str, Any]:
    """What Ansible itself reads out of the documentation, as ``ansible-doc`` does."""
    doc, examples, returned, _ = get_docstring(str(analyst.__file__), fragment_loader)
    return {"doc": doc, "examples": examples, "return": returned}


def spec_of(options: dict[str, Any]) -> dict[str, Any]:
    """Documented options in the shape of an argument spec."""
    found = {}
    for name, option in options.items():
        kept = {key: option[key] for key in ("type", "elements", "choices") if key in option}
        if option.get("default") is not None:
            kept["default"] = option["default"]
        if option.get("required"):
            kept["required"] = True
        if "suboptions" in option:
            kept["options"] = spec_of(option["suboptions"])
        found[name] = kept
    return found


def plain(spec: dict[str, Any]) -> dict[str, Any]:
    """An argument spec without what documentation has no word for."""
    found = {}
    for name, option in spec.items():
        kept = {k: v for k, v in option.items() if k not in ("no_log", "mutually_exclusive")}
        if "options" in kept:
            kept["options"] = plain(kept["options"])
        found[name] = kept
    return found


def check_returned(documented: dict[str, Any], value: dict[str, Any]) -> None:
    """Every field that came back is documented with its type, and the other way round."""
    kinds = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}
    assert value.keys() == documented.keys()
    for name, field in documented.items():
        assert type(value[name]) is kinds[field["type"]], name
        if "contains" in field:
            for element in [value[name]] if field["type"] == "dict" else value[name]:
                check_returned(field["contains"], element)
        elif field["type"] == "list":
            assert all(type(element) is kinds[field["elements"]] for element in value[name])
