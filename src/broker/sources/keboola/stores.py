"""Where an object of an export is fetched, at each provider. Its credentials go nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import quote, urlsplit

from ...errors import SourceError
from .types import mapping

__all__ = ["SliceAddress", "located"]

_SAFE = "/~"  # what S3 leaves as it is when it checks a signature


@dataclass(frozen=True)
class SliceAddress:
    """A URL to GET and the headers that it takes; both may hold secrets."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def located(detail: Mapping[str, Any], entry: str) -> SliceAddress:
    """Where the object that a manifest calls ``entry`` is, by a file's ``detail``.

    Raises ``SourceError`` for an object outside of the export.
    """
    scheme = urlsplit(entry).scheme
    if scheme in ("http", "https"):
        return SliceAddress(entry)
    if scheme not in _PROVIDERS:
        raise SourceError(
            "the manifest names an object of an unknown kind",
            found=f"{scheme}://",
            expected="https, s3, gs or azure",
        )
    return _PROVIDERS[scheme](detail, entry)


def _s3(detail: Mapping[str, Any], entry: str) -> SliceAddress:
    place, bucket, key = _place(detail, "s3Path", "bucket", "key"), *_split(entry)
    _refuse_outside(place, bucket, key)
    own = mapping(detail.get("credentials"))
    region = str(detail.get("region") or "us-east-1")
    credentials = import_module("botocore.credentials").Credentials(
        str(own.get("AccessKeyId")), str(own.get("SecretAccessKey")), own.get("SessionToken")
    )
    url = f"{_s3_base(bucket, region)}/{quote(key, safe=_SAFE)}"
    request = import_module("botocore.awsrequest").AWSRequest("GET", url)
    import_module("botocore.auth").S3SigV4Auth(credentials, "s3", region).add_auth(request)
    return SliceAddress(url, dict(request.headers))


def _s3_base(bucket: str, region: str) -> str:
    """The bucket's address; a dot in its name fits no certificate of a host."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    host = f"s3.{region}.amazonaws.com"
    if endpoint or "." in bucket:
        return f"{(endpoint or f'https://{host}').rstrip('/')}/{bucket}"
    return f"https://{bucket}.{host}"


def _gs(detail: Mapping[str, Any], entry: str) -> SliceAddress:
    place, bucket, key = _place(detail, "gcsPath", "bucket", "key"), *_split(entry)
    _refuse_outside(place, bucket, key)
    token = mapping(detail.get("gcsCredentials")).get("access_token")
    base = os.environ.get("STORAGE_EMULATOR_HOST") or "https://storage.googleapis.com"
    base = base if "://" in base else f"http://{base}"
    path = f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(key, safe='')}?alt=media"
    return SliceAddress(base.rstrip("/") + path, {"Authorization": f"Bearer {token}"})


def _azure(detail: Mapping[str, Any], entry: str) -> SliceAddress:
    place = _place(detail, "absPath", "container", "name")
    container, _, blob = _split(entry)[1].partition("/")
    _refuse_outside(place, container, blob)
    text = str(mapping(detail.get("absCredentials")).get("SASConnectionString") or "")
    parts = dict(part.partition("=")[::2] for part in text.split(";") if part)
    base = parts.get("BlobEndpoint", "").rstrip("/")
    path = f"/{quote(container)}/{quote(blob, safe=_SAFE)}"
    return SliceAddress(f"{base}{path}?{parts.get('SharedAccessSignature', '').lstrip('?')}")


_PROVIDERS = {"s3": _s3, "gs": _gs, "azure": _azure}


def _split(entry: str) -> tuple[str, str]:
    """Host and path, where ``?`` and ``#`` are characters like any other."""
    host, _, path = entry.partition("://")[2].partition("/")
    return host, path


def _place(detail: Mapping[str, Any], *keys: str) -> tuple[str, str]:
    own = mapping(detail.get(keys[0]))
    return str(own.get(keys[1]) or ""), str(own.get(keys[2]) or "")


def _refuse_outside(place: tuple[str, str], container: str, key: str) -> None:
    is_inside = place[0] == container and place[1] and key.startswith(place[1])
    if not is_inside or ".." in key.split("/"):
        raise SourceError("the manifest names an object outside of the export; it is not fetched")
