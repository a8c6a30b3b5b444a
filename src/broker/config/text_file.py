"""A file of the config folder as text."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError
from .problems import InvalidConfigError

__all__ = ["DESCRIPTION_FILE", "INSTANCE_FILE", "read_text"]

INSTANCE_FILE = "instance.yaml"
DESCRIPTION_FILE = "data_description.md"
_REMEDIES = {
    INSTANCE_FILE: "docs/configuration.md shows one to begin with.",
    DESCRIPTION_FILE: "Write one, or let 'broker discover' propose one.",
}


def read_text(path: Path) -> str:
    """The text, without a mark of its byte order; raises ``InvalidConfigError``."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidConfigError(
            [ConfigError("the file is missing", where=str(path), remedy=_REMEDIES.get(path.name))]
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = ConfigError(
            "the file is not UTF-8 text", where=f"{path}:{line}", remedy="Save it as UTF-8."
        )
        raise InvalidConfigError([problem]) from error
    except OSError as error:
        problem = ConfigError(f"the file cannot be read: {error.strerror}", where=str(path))
        raise InvalidConfigError([problem]) from error
