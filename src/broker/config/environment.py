"""``${NAME}`` in ``instance.yaml``: from the environment, a systemd credential, or ``.env``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigError
from .scalars import quoted

__all__ = ["Variables", "read_env_file"]

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Variables:
    """Where ``${NAME}`` is looked up, in this order: environment, credentials folder, file.

    ``credentials`` is the folder that systemd gives a unit in ``$CREDENTIALS_DIRECTORY``.
    ``missing`` stands for a variable that is not set; where it is None, that is an error.
    """

    environ: Mapping[str, str] = field(repr=False)
    env_file: Path
    from_file: Mapping[str, str] = field(repr=False)
    missing: str | None = None

    @classmethod
    def of(
        cls, config_dir: Path, environ: Mapping[str, str], missing: str | None = None
    ) -> Variables:
        """The variables of an instance. Raises ``ConfigError`` on a malformed ``.env``."""
        env_file = config_dir / ".env"
        return cls(environ, env_file, read_env_file(env_file), missing)

    def expand(self, text: str) -> str:
        """The text with each ``${NAME}`` replaced; ``$${`` is a plain ``${``.

        Raises ``ConfigError`` that names a missing variable, never a value.
        """
        return _REFERENCE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name = match[1]
        if not _NAME.fullmatch(name) or not match[0].endswith("}"):
            raise ConfigError(
                "a variable is written ${NAME}",
                found=quoted(match[0]),
                remedy="Write $${ for a plain ${.",
            )
        value = self.lookup(name)
        if value is None:
            value = self.missing
        if value is None:
            raise ConfigError(
                f"the variable {name} is not set",
                remedy=f"Set it in the environment or in {self.env_file}.",
            )
        return value

    def lookup(self, name: str) -> str | None:
        """The value of a variable; None where it is not set."""
        if name in self.environ:
            return self.environ[name]
        credential = self._credential(name)
        return self.from_file.get(name) if credential is None else credential

    def _credential(self, name: str) -> str | None:
        folder = self.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            return None
        for candidate in (Path(folder) / name, Path(folder) / name.lower()):
            try:
                return candidate.read_text(encoding="utf-8").removesuffix("\n")
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"the credential {candidate.name} cannot be read") from error
        return None


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a ``.env`` file, read and never executed; empty where there is no file.

    ``NAME=value`` a line, ``export`` in front allowed; single quotes keep everything, double
    quotes know ``\\n \\t \\" \\\\``, and outside of quotes `` #`` begins a comment.
    Raises ``ConfigError`` with the line, never with its content.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("the file cannot be read as UTF-8 text", where=str(path)) from error
    variables = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line and not line.startswith("#"):
            name, value = _assignment(line, f"{path}:{number}")
            variables[name] = value
    return variables


def _assignment(line: str, where: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    value = None if match is None else _unquoted(match[2])
    if match is None or value is None:
        raise ConfigError("the line is not understood", where=where, expected="NAME=value")
    return match[1], value


def _unquoted(value: str) -> str | None:
    if value[:1] == "'":
        match = re.fullmatch(r"'([^']*)'\s*(?:#.*)?", value)
        return match[1] if match else None
    if value[:1] == '"':
        match = re.fullmatch(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?', value)
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), match[1]) if match else None
    return re.split(r"(?:^|\s+)#", value, maxsplit=1)[0]
