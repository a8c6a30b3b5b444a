"""Amazon S3 as moto stands in for it, behind a door that checks AWS's own signatures."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from aiohttp import web
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from ..delivery import Answer
from ..faults import Faults
from ..serving import Serving
from .door import Door, Refusal
from .keys import Keys
from .leases import Leases
from .store import StoredFile

__all__ = ["S3Store"]

REGION = "eu-central-1"
LINK_SECONDS, FEDERATION_SECONDS = 3600, 12 * 3600
_ERRORS = {
    "denied": (403, "AccessDenied", "Access Denied"),
    "expired": (400, "ExpiredToken", "The provided token has expired."),
    "missing": (404, "NoSuchKey", "The specified key does not exist."),
    "throttle": (503, "SlowDown", "Please reduce your request rate."),
    "maintenance": (503, "ServiceUnavailable", "Service is unable to handle request."),
    "internal": (500, "InternalError", "We encountered an internal error. Please try again."),
    "gateway": (502, "BadGateway", "Bad Gateway"),
}


class S3Door(Door):
    """Path-style addresses: ``/bucket/key``."""

    secrets: dict[str, Credentials]

    def key(self, request: web.Request) -> str | None:
        """What follows the bucket."""
        return request.path.lstrip("/").partition("/")[2] or None

    def credential(self, request: web.Request) -> str | None:
        """A link of Keboola's own by its signature, else the access key that signs."""
        signature = request.query.get("X-Amz-Signature")
        return signature if self.leases.knows(signature) else _scope(request)[0]

    def is_genuine(self, request: web.Request) -> bool:
        """Whether the signature is what botocore makes of the same request and secret."""
        access_key, _, region, *_ = [*_scope(request), "", ""]
        credentials = self.secrets.get(access_key or "")
        if credentials is None:
            return False
        if "X-Amz-Signature" in request.query:
            return self._is_signed_link(request, credentials, region or REGION)
        if request.headers.get("X-Amz-Security-Token") != credentials.token:
            return False
        given = _field(request.headers["Authorization"], "Signature")
        names = _field(request.headers["Authorization"], "SignedHeaders").split(";")
        auth = S3SigV4Auth(credentials, "s3", region or REGION)
        url = f"{request.url.origin()}{request.raw_path}"
        return given == _signature(auth, request, url, names)

    def _is_signed_link(self, request: web.Request, credentials: Credentials, region: str) -> bool:
        query, given = request.query, request.query["X-Amz-Signature"]
        signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        # A signer goes by this machine's clock; the stand-in's may be ahead.
        if signed_at + timedelta(seconds=int(query["X-Amz-Expires"])) < datetime.now(UTC):
            self.leases.expire(self.credential(request))
        if query.get("X-Amz-Security-Token") != credentials.token:
            return False
        path, _, parts = request.raw_path.partition("?")
        signed = [part for part in parts.split("&") if not part.startswith("X-Amz-Signature=")]
        auth = S3SigV4QueryAuth(credentials, "s3", region)
        names = query["X-Amz-SignedHeaders"].split(";")
        url = f"{request.url.origin()}{path}?{'&'.join(signed)}"
        return given == _signature(auth, request, url, names, query["X-Amz-Date"])

    def refusal(self, request: web.Request, kind: Refusal) -> Answer:
        """S3's XML; a HEAD has no body."""
        status, code, message = _ERRORS[kind]
        if kind == "expired" and "X-Amz-Signature" in request.query:
            status, code, message = 403, "AccessDenied", "Request has expired"
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{message}</Message>"
            f"<RequestId>{uuid.uuid4().hex[:16].upper()}</RequestId></Error>"
        )
        return Answer(b"" if request.method == "HEAD" else body.encode(), "application/xml", status)


def _field(header: str, name: str) -> str:
    return header.partition(f"{name}=")[2].partition(",")[0].strip()


def _scope(request: web.Request) -> list[str]:
    """Access key, date and region of whatever signs a request."""
    scope = request.query.get("X-Amz-Credential")
    return (scope or _field(request.headers.get("Authorization", ""), "Credential")).split("/")


def _signature(
    auth: SigV4Auth, request: web.Request, url: str, names: list[str], stamp: str | None = None
) -> str:
    headers = {name: text for name, text in request.headers.items() if name.lower() in names}
    signed = AWSRequest(method=request.method, url=url, headers=headers)
    signed.context["timestamp"] = stamp or request.headers["X-Amz-Date"]
    canonical = auth.canonical_request(signed)
    return str(auth.signature(auth.string_to_sign(signed, canonical), signed))


class S3Store:
    """A bucket of its own, and credentials from STS that reach one export each."""

    provider = "aws"

    def __init__(self, serving: Serving, folder: Path, faults: Faults, leases: Leases) -> None:
        """Start moto and the door in front of it."""
        del folder
        self.keys = Keys()
        self._leases = leases
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # moto's requests
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        upstream = f"http://{host}:{port}"
        self._door = S3Door(upstream, self.keys, faults, leases)
        self._door.secrets = {}
        self.url = serving.add(self._door.app)
        self.settings: Mapping[str, str] = {"AWS_ENDPOINT_URL_S3": self.url}
        self.bucket = f"kbc-sapi-files-{uuid.uuid4().hex[:8]}"
        root = Credentials("AKIA" + uuid.uuid4().hex[:16].upper(), uuid.uuid4().hex)
        self._door.secrets[root.access_key] = root
        self._sts = _client("sts", upstream, root)
        self._inside = _client("s3", upstream, root)
        self._signer = _client("s3", self.url, root)
        where = {"LocationConstraint": REGION}
        self._inside.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=where)

    def put(self, key: str, path: Path) -> None:
        """Upload, behind the door."""
        self._inside.upload_file(str(path), self.bucket, key)

    def fetch(self, key: str, path: Path) -> None:
        """Download, behind the door."""
        try:
            self._inside.download_file(self.bucket, key, str(path))
        except ClientError as error:
            raise FileNotFoundError(key) from error

    def delete(self, prefix: str) -> None:
        """Remove the objects."""
        pages = self._inside.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                self._inside.delete_object(Bucket=self.bucket, Key=found["Key"])

    def entry(self, key: str) -> str:
        """Not a link: a name that wants credentials."""
        return f"s3://{self.bucket}/{key}"

    def location(self, file: StoredFile, *, federated: bool) -> dict[str, Any]:
        """A signed link to the manifest or the data; the rest only with credentials."""
        key = file.manifest if file.is_sliced else file.key
        body: dict[str, Any] = {"region": REGION, "url": self._link(key)}
        if federated:
            body["s3Path"] = {"bucket": self.bucket, "key": file.key}
            body["credentials"] = self._federate(file.key, "s3:GetObject")
        return body

    def _link(self, key: str) -> str:
        where = {"Bucket": self.bucket, "Key": key}
        url = str(self._signer.generate_presigned_url("get_object", where, ExpiresIn=LINK_SECONDS))
        self._leases.grant(key, LINK_SECONDS, url.rpartition("X-Amz-Signature=")[2].split("&")[0])
        return url

    def _federate(self, prefix: str, action: str) -> dict[str, str]:
        """What STS gives for one prefix."""
        allowed = {"Effect": "Allow", "Action": action}
        statement = [{**allowed, "Resource": f"arn:aws:s3:::{self.bucket}/{prefix}*"}]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        given = self._sts.get_federation_token(
            Name=f"f{uuid.uuid4().hex[:16]}", Policy=policy, DurationSeconds=FEDERATION_SECONDS
        )["Credentials"]
        # moto gives every caller the same key; what tells callers apart must differ.
        access_key = "ASIA" + uuid.uuid4().hex[:16].upper()
        credentials = Credentials(access_key, given["SecretAccessKey"], given["SessionToken"])
        self._door.secrets[access_key] = credentials
        self._leases.grant(prefix, FEDERATION_SECONDS, access_key)
        until = datetime.fromtimestamp(self._leases.now() + FEDERATION_SECONDS, UTC)
        return {
            "AccessKeyId": access_key,
            "SecretAccessKey": given["SecretAccessKey"],
            "SessionToken": given["SessionToken"],
            "Expiration": until.isoformat(timespec="seconds"),
        }

    def upload(self, file: StoredFile) -> dict[str, Any]:
        """Credentials to PUT one object, or slices below its key."""
        return {
            "region": REGION,
            "uploadParams": {
                "key": file.key,
                "bucket": self.bucket,
                "acl": "private",
                "x-amz-server-side-encryption": "AES256",
                "credentials": self._federate(file.key, "s3:PutObject"),
            },
        }

    def stop(self) -> None:
        """End moto, which keeps objects in this process."""
        self.delete("")
        self._moto.stop()


def _client(service: str, url: str, credentials: Credentials) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4")
        if service == "s3"
        else None,
    )
