"""Files for browsers under names with a digest of their content, so that they may be kept.

What stands in ``static/`` is served as ``/static/NAME.DIGEST.ENDING``. What an instance has of its
own is below ``/brand/``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, request

from ...config import Instance
from ...errors import ConfigError
from .accent import accent_css

__all__ = ["BrowserFile", "BrowserFiles", "browser_files", "files_blueprint", "logo_of"]

_STATIC = Path(__file__).parents[1] / "static"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png"}
_KEEP = "public, max-age=31536000, immutable"
_MOST_BYTES = 64 * 1024  # of a logo, which every page shows
# An SVG that is opened by itself runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True, slots=True)
class BrowserFile:
    """``name`` is as pages ask for it, ``path`` as browsers do."""

    name: str
    path: str
    content: bytes
    type: str
    etag: str


class BrowserFiles:
    """All of them, by name and by path."""

    def __init__(self, files: Iterable[BrowserFile]) -> None:
        """Names differ."""
        self._by_name = {file.name: file for file in files}
        self._by_path = {file.path: file for file in self._by_name.values()}

    def address(self, name: str) -> str:
        """The path under which a page names a file; raises ``KeyError`` for an unknown one."""
        return self._by_name[name].path

    def __contains__(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return name in self._by_name

    def served(self, path: str) -> BrowserFile | None:
        """The file at this path."""
        return self._by_path.get(path)


def browser_files(instance: Instance, logo: Path | None) -> BrowserFiles:
    """The portal's own and the instance's; ``logo`` is its picture.

    Raises ``ConfigError`` for a picture that cannot be read, or is not one.
    """
    own = [_file(f"/static/{path.name}", path.read_bytes()) for path in sorted(_STATIC.iterdir())]
    accent = _file("/brand/accent.css", accent_css(instance.instance.accent))
    return BrowserFiles([*own, accent, *([] if logo is None else [_logo(logo)])])


def logo_of(instance: Instance, folder: Path) -> Path | None:
    """The picture that ``instance.logo`` names, beside ``instance.yaml`` in this folder."""
    name = instance.instance.logo
    return None if name is None else folder / name


def files_blueprint(files: BrowserFiles) -> Blueprint:
    """The routes of the files."""
    blueprint = Blueprint("files", __name__)

    def serve(name: str) -> Response:
        """The file, for a year: another content has another name."""
        del name
        file = files.served(request.path)
        if file is None:
            abort(404)
        response = Response(file.content, mimetype=file.type)
        response.headers["Cache-Control"] = _KEEP
        response.headers["Content-Security-Policy"] = _POLICY
        response.set_etag(file.etag)
        response.make_conditional(request)
        return response

    blueprint.add_url_rule("/static/<name>", "static", serve)
    blueprint.add_url_rule("/brand/<name>", "brand", serve)
    return blueprint


def _file(place: str, content: bytes) -> BrowserFile:
    folder, _, name = place.rpartition("/")
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:12]
    return BrowserFile(name, f"{folder}/{stem}.{digest}.{ending}", content, _TYPES[ending], digest)


def _logo(path: Path) -> BrowserFile:
    kinds: Mapping[str, bytes] = {".png": b"\x89PNG\r\n", ".svg": b"<"}
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError("the logo cannot be read", where=str(path), found=str(error)) from error
    ending = path.suffix.lower()
    if ending not in kinds or not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(kinds[ending]):
        raise ConfigError("the logo is not a picture", where=str(path), expected="SVG or PNG")
    if len(content) > _MOST_BYTES:
        raise ConfigError(
            "the logo is too large",
            where=str(path),
            expected=f"{_MOST_BYTES:,} bytes at most, since every page shows it",
            found=f"{len(content):,} bytes",
        )
    file = _file(f"/brand/logo{ending}", content)
    return BrowserFile("logo", file.path, file.content, file.type, file.etag)
