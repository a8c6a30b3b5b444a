"""A source as ``instance.yaml`` gives it: its type, and settings that only the type knows."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from ..errors import ConfigError
from .document import Document, KeyPath
from .problems import raise_if_any, validated
from .scalars import Scalar, plain
from .values import Section, SourceName

__all__ = ["SourceConfig"]

Settings = TypeVar("Settings", bound=Section)


class SourceConfig(Section):
    """A source: ``type``, and whatever settings that type has, which it checks itself."""

    model_config = ConfigDict(extra="allow")

    type: SourceName = Field(description="Kind of source, such as csv, keboola or bigquery.")

    _name: str = PrivateAttr("")
    _document: Document | None = PrivateAttr(None)
    _path: KeyPath = PrivateAttr(())

    @model_validator(mode="before")
    @classmethod
    def _resolve_paths(cls, data: Any, info: ValidationInfo) -> Any:
        folder = (info.context or {}).get("folder")
        if not isinstance(data, Mapping) or folder is None:
            return data
        return {key: _resolved(str(key), value, folder) for key, value in data.items()}

    @property
    def name(self) -> str:
        """Its name in this instance; that of its type when it stands in ``data_source``."""
        return self._name or self.type

    @property
    def settings(self) -> dict[str, Any]:
        """All but the type, as YAML 1.2 values. Paths are absolute, variables are expanded.

        A value that came from a variable is a ``str`` whose ``repr()`` is masked.
        """
        return {key: plain(value) for key, value in (self.model_extra or {}).items()}

    def parse(self, model: builtins.type[Settings]) -> Settings:
        """The settings as the ``Section`` of a kind of source; secrets belong in ``SecretStr``.

        Raises ``InvalidConfigError`` with file, line and key of everything that is wrong.
        """
        raw = dict(self.model_extra or {})
        document = self._document or Document("", Path(f"source {self.name}"))
        settings, problems = validated(model, raw, document, self._path)
        raise_if_any(problems)
        assert settings is not None  # noqa: S101 - no problem means there is a value
        return settings

    def problems(self, model: builtins.type[Section]) -> list[ConfigError]:
        """What is wrong with the settings, as ``parse`` raises it, as far as it is written here.

        What a variable holds is not looked at: where the file is checked, it may be a stand-in.
        """
        raw = dict(self.model_extra or {})
        variables = [
            (*self._path, key)
            for key, value in raw.items()
            if isinstance(value, Scalar) and value.is_secret
        ]
        document = self._document or Document("", Path(f"source {self.name}"))
        return validated(model, raw, document, self._path, skipping=variables)[1]

    def where(self, *keys: str) -> str:
        """``file:line`` of a setting, for a source that finds a value to be wrong later."""
        if self._document is None:
            return f"source {self.name}"
        return self._document.where((*self._path, *keys))

    def note_origin(self, name: str, document: Document, path: KeyPath) -> None:
        """Say where the source stands; called once, by the reader of the file."""
        self._name, self._document, self._path = name, document, path

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Type and names of settings: a value may be a secret."""
        return [("type", self.type), ("settings", sorted(self.model_extra or {}))]

    @model_serializer
    def _without_settings(self) -> dict[str, Any]:
        return {"type": self.type}


def _resolved(key: str, value: Any, folder: Path) -> Any:
    is_path = key == "path" or key.endswith(("_path", "_file"))
    if not is_path or not isinstance(value, str) or "://" in value:
        return value
    return Scalar(str(folder / Path(value).expanduser()))
