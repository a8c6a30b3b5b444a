"""Tables that lie behind a URL. The libraries for that are the extra ``data-broker[remote]``."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from glob import has_magic
from importlib import import_module
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit, urlunsplit

from ...errors import AbsentError, ConfigError, ForbiddenError, SourceError
from ..delimited.filenames import SUFFIXES, input_stem, is_never_data, natural_order
from ..delimited.inputs import InputFile, more_than_once, refuse_others

__all__ = ["Remote", "is_remote", "shown_url"]

_WEB = ("http", "https")
_PROTOCOLS = (*_WEB, "s3")


def is_remote(path: str) -> bool:
    """Whether a path is a URL."""
    return "://" in path


class Remote:
    """A location behind ``https://`` or ``s3://``, read through fsspec.

    A web server cannot be asked what lies there, so there each table is one file.
    """

    def __init__(self, url: str, storage: Mapping[str, Any]) -> None:
        """``storage`` goes to fsspec as it is. Nothing is connected to yet."""
        self._url = url.rstrip("/")
        self._protocol = url.partition("://")[0]
        self._storage = storage
        if self._protocol not in _PROTOCOLS:
            raise ConfigError(
                "tables cannot be read from this address",
                where=shown_url(url),
                expected=f"a folder, or a URL of {', '.join(_PROTOCOLS)}",
            )

    def tables(self) -> dict[str, str]:
        """Each file with a known ending and each folder, once."""
        if self._protocol in _WEB:
            raise ConfigError(
                "a web server does not list its tables",
                where=shown_url(self._url),
                remedy="Describe each table by hand, with its name as id.",
            )
        found = self._listed(self._url)
        names = [one for one, is_folder in found.items() if is_folder or input_stem(one)]
        return {input_stem(name) or name: name for name in sorted(names, key=natural_order)}

    def find(self, name: str, file: str | None) -> tuple[InputFile, ...]:
        """The files of a table, in natural order."""
        self._filesystem.invalidate_cache()
        found = self._declared(file) if file else self._default(name)
        return tuple(sorted(found, key=lambda each: natural_order(each.path)))

    def open(self, file: InputFile) -> BinaryIO:
        """Open a file for one pass from its beginning."""
        # In one request, so that what arrives is one version of the file; s3fs sends the ETag.
        options = {"block_size": 0} if self._protocol in _WEB else {}
        with _asking(file.name):
            return cast(BinaryIO, _Stream(self._filesystem.open(file.path, **options), file))

    @cached_property
    def _filesystem(self) -> Any:
        try:
            return import_module("fsspec").filesystem(self._protocol, **self._options())
        except ImportError as error:
            raise ConfigError(
                f"reading from {self._protocol}:// needs libraries that are not installed",
                where=shown_url(self._url),
                found=f"no {error.name or 'fsspec'}",
                remedy="On a host, deploy again: site.yml brings them where a source or a table is "
                "behind a URL. In a checkout, run bin/bootstrap.",
            ) from error

    def _options(self) -> dict[str, Any]:
        if self._protocol not in _WEB or "client_kwargs" in self._storage:
            return dict(self._storage)
        # The default gives up after five minutes, however well it goes, and knows no proxy.
        timeout = import_module("aiohttp").ClientTimeout(total=None, sock_connect=30, sock_read=60)
        return {**self._storage, "client_kwargs": {"timeout": timeout, "trust_env": True}}

    def _declared(self, file: str) -> list[InputFile]:
        url = f"{self._url}/{file}"
        if self._protocol not in _WEB and has_magic(file):
            with _asking(url):
                matching = [str(name) for name in self._filesystem.glob(url)]
            names = [name for name in matching if not self._is_never_data(name, file)]
            if not names:
                raise AbsentError("no file matches", where=shown_url(url), found="none")
            return [self._known(f"{self._protocol}://{name}") for name in names]
        found = self._look(url)
        if not found:
            raise AbsentError("does not exist", where=shown_url(url))
        return found

    def _is_never_data(self, name: str, pattern: str) -> bool:
        """Whether a name that a pattern matched is hidden or unfinished, or in such a folder."""
        base = self._url.partition("://")[2]
        found = {*name.removeprefix(base).split("/")} - {*pattern.split("/"), ""}
        return any(map(is_never_data, found))

    def _default(self, name: str) -> list[InputFile]:
        candidates = [f"{name}{ending}" for ending in SUFFIXES]
        if self._protocol not in _WEB:
            candidates.append(name)
        found = {one: files for one in candidates if (files := self._look(f"{self._url}/{one}"))}
        if not found and self._protocol not in _WEB:
            others = [one for one in self._listed(self._url) if input_stem(one) == name]
            found = {one: self._look(f"{self._url}/{one}") for one in others}
        if len(found) > 1:
            raise more_than_once(name, shown_url(self._url), list(found))
        if not found:
            raise AbsentError(
                f"table {name} has no file",
                where=shown_url(self._url),
                expected=" or ".join(candidates),
                found="none of them",
            )
        return next(iter(found.values()))

    def _look(self, url: str) -> list[InputFile]:
        """The file, or the files of the folder, at a URL; nothing where nothing is."""
        with _asking(url):
            try:
                info = self._filesystem.info(url)
            except FileNotFoundError as error:
                if _is_absent(error):
                    return []
                raise (error.__cause__ or error) from None
        if info.get("type") != "directory":
            return [_input(url, info)]
        listed = self._listed(url)
        folders = [name for name, is_folder in listed.items() if is_folder]
        names = [name for name, is_folder in listed.items() if not is_folder]
        refuse_others(names, folders, shown_url(url))
        return [self._known(f"{url}/{name}") for name in names if input_stem(name)]

    def _known(self, url: str) -> InputFile:
        with _asking(url):
            return _input(url, self._filesystem.info(url))

    def _listed(self, url: str) -> dict[str, bool]:
        """What lies there and may be data, and whether each is a folder."""
        with _asking(url):
            entries = self._filesystem.ls(url, detail=True)
        found = {_last(str(entry["name"])): entry["type"] == "directory" for entry in entries}
        return {name: is_folder for name, is_folder in found.items() if not is_never_data(name)}


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


class _Stream(io.RawIOBase):
    """A remote file whose failures are ``SourceError``, whatever library they come from.

    So is an end before its size: in chunks, or without a length, a broken-off answer looks whole.
    """

    def __init__(self, stream: Any, file: InputFile) -> None:
        self._stream, self._file = stream, file
        self._taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with _asking(self._file.name):
            block = bytes(self._stream.read(size))
        self._taken += len(block)
        is_end = size < 0 or (size > 0 and not block)
        if is_end and self._file.bytes is not None and self._taken < self._file.bytes:
            raise SourceError(
                "broke off before its end",
                where=self._file.name,
                expected=f"{self._file.bytes:,} bytes, as its place says",
                found=f"{self._taken:,} bytes",
                remedy="Sync again.",
            )
        return block

    def close(self) -> None:
        self._stream.close()
        super().close()


@contextmanager
def _asking(url: str) -> Iterator[None]:
    """Turn what a library says of a failure into ours; its text may hold a secret."""
    try:
        yield
    except (SourceError, ConfigError):
        raise
    except Exception as error:
        status = getattr(error, "status", None)
        found = f"{type(error).__name__}{f' {status}' if status else ''}"
        if isinstance(error, PermissionError) or status in (401, 403):
            remedy = "Check the credentials under storage:."
            raise ForbiddenError(
                "may not be read", where=shown_url(url), found=found, remedy=remedy
            ) from error
        raise SourceError(
            "did not answer, or not completely", where=shown_url(url), found=found
        ) from error


def _is_absent(error: FileNotFoundError) -> bool:
    """fsspec reports every HTTP failure as not found."""
    status = getattr(error.__cause__, "status", 404 if error.__cause__ is None else None)
    return status in (404, 410) or isinstance(error.__cause__, FileNotFoundError)


def _input(url: str, info: Mapping[str, Any]) -> InputFile:
    modified = info.get("LastModified") or info.get("Last-Modified")
    if isinstance(modified, str):
        modified = parsedate_to_datetime(modified)
    version = str(info.get("ETag") or modified or "")
    return InputFile(
        url, shown_url(url), info.get("size"), cast("datetime | None", modified), version
    )


def shown_url(url: str) -> str:
    """A URL as a message may show it: without a password and without a signature."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
