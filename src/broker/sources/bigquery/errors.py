"""What Google says of a failure, in words that an operator can act on.

Only messages about names and rights are passed on: what a running query says may hold a value.
"""

from __future__ import annotations

import concurrent.futures
import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests.exceptions
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions

from ...errors import AbsentError, ForbiddenError, SourceError

__all__ = ["asking"]

# The narrowest predefined role that has the permission, and what it is granted on.
# As Google's page on access control in BigQuery lists them.
_ROLES = {
    "bigquery.jobs.create": ("roles/bigquery.jobUser", "the project {project}"),
    "bigquery.jobs.list": ("roles/bigquery.user", "the project {project}"),
    "bigquery.jobs.get": ("roles/bigquery.user", "the project {project}"),
    "bigquery.datasets.get": ("roles/bigquery.metadataViewer", "the dataset {dataset}"),
    "bigquery.tables.list": ("roles/bigquery.metadataViewer", "the dataset {dataset}"),
    "bigquery.tables.get": ("roles/bigquery.dataViewer", "the table {table} or its dataset"),
    "bigquery.tables.getData": ("roles/bigquery.dataViewer", "the table {table} or its dataset"),
    "bigquery.readsessions.create": ("roles/bigquery.readSessionUser", "the project {project}"),
    "bigquery.readsessions.getData": ("roles/bigquery.readSessionUser", "the project {project}"),
}
_PERMISSION = re.compile(r"bigquery\.[a-z]+\.[A-Za-z]+")
_RESOURCE = re.compile(r"(Table|Dataset|Project) ([\w:.-]*\w)")
_LIMITS = {
    "quotaExceeded": "A quota of the project is used up: raise it, or sync less often.",
    "rateLimitExceeded": "Too many requests at once: lower sync.parallel_tables.",
    "bytesBilledLimitExceeded": "Raise max_bytes_billed, or read less of the table.",
    "billingNotEnabled": "Enable billing for the project.",
    "responseTooLarge": "Read less of the table at once: columns, where_filters, a strategy.",
    "resourcesExceeded": "Read less of the table at once: columns, where_filters, a strategy.",
    "stopped": "The query was cancelled, or took longer than time_limit.",
    "timeout": "The query took longer than time_limit.",
}

_UNBOUNDED = re.compile(r"without a filter over column\(s\) '(\w+)'")


@contextmanager
def asking(where: str, project: str, *, may_tell: bool = False) -> Iterator[None]:
    """Turn what the libraries raise into a ``SourceError``.

    ``may_tell`` is for calls that see no row: then the API's own message is shown.
    """
    try:
        yield
    except exceptions.Forbidden as error:
        raise _forbidden(error, where, project) from error
    except exceptions.NotFound as error:
        raise AbsentError(
            "BigQuery does not find what is to be read",
            where=where,
            found=_message(error),
            remedy="Check id, dataset, project and location.",
        ) from error
    except exceptions.RetryError as error:
        raise SourceError(
            "BigQuery did not answer in time, however often it was asked",
            where=where,
            found=type(error.cause).__name__,
            remedy="Try again later.",
        ) from error
    except exceptions.GoogleAPICallError as error:
        raise _failed(error, where, may_tell=may_tell) from error
    except auth_exceptions.DefaultCredentialsError as error:
        raise ForbiddenError(
            "there are no credentials for Google Cloud",
            where=where,
            expected="credentials or credentials_file of the source, or those of the machine",
            remedy="Set one of them, or give the machine a service account.",
        ) from error
    except auth_exceptions.GoogleAuthError as error:
        raise ForbiddenError(
            "Google does not accept the credentials",
            where=where,
            found=_kind(error),
            remedy="Check credentials or credentials_file of the source; the key may be revoked.",
        ) from error
    except (
        OSError,
        concurrent.futures.TimeoutError,
        requests.exceptions.RequestException,
    ) as error:
        raise SourceError(
            "BigQuery did not answer, or not completely",
            where=where,
            found=type(error).__name__,
            remedy="Check the network path to the API.",
        ) from error


def _kind(error: auth_exceptions.GoogleAuthError) -> str:
    """The kind alone: a token endpoint may repeat what it was sent."""
    codes = re.findall(r"invalid_\w+|unauthorized_client", str(error))
    return f"{type(error).__name__}{f' ({codes[0]})' if codes else ''}"


def _reason(error: exceptions.GoogleAPICallError) -> str:
    details = error.errors[0] if error.errors else {}
    return str(details.get("reason", "")) if isinstance(details, dict) else ""


def _message(error: exceptions.GoogleAPICallError) -> str:
    """Its first line, without the address that the client puts before it."""
    text = str(error.message).strip() or "no reason given"
    return re.sub(r"^[A-Z]+ https?://\S+: ", "", text.splitlines()[0])


def _forbidden(error: exceptions.Forbidden, where: str, project: str) -> SourceError:
    reason, message = _reason(error), _message(error)
    if reason in _LIMITS:
        return SourceError("BigQuery refused", where=where, found=reason, remedy=_LIMITS[reason])
    role, resource = _missing(message, project)
    return ForbiddenError(
        "the service account may not do that",
        where=where,
        expected=f"the role {role} on {resource}",
        found=message,
        remedy="Grant it, wait a minute, and run `broker check`.",
    )


def _missing(message: str, project: str) -> tuple[str, str]:
    """The missing role, and on what, as far as the message says."""
    found = _PERMISSION.search(message)
    resource = _RESOURCE.search(message)
    named = resource[2] if resource else ""
    is_table = bool(resource and resource[1] == "Table")
    permission = found[0] if found else _permission_on(resource[1] if resource else "")
    role, on = _ROLES.get(permission, ("with " + permission, "the project {project}"))
    return role, on.format(
        project=named if resource and resource[1] == "Project" else project,
        dataset=named.rpartition(".")[0] if is_table else named or "it is in",
        table=named or "that is read",
    )


def _permission_on(kind: str) -> str:
    return {
        "Dataset": "bigquery.datasets.get",
        "Project": "bigquery.jobs.create",
    }.get(kind, "bigquery.tables.getData")


def _failed(error: exceptions.GoogleAPICallError, where: str, *, may_tell: bool) -> SourceError:
    reason = _reason(error)
    if isinstance(error, exceptions.Unauthorized):
        return ForbiddenError(
            "BigQuery does not accept the credentials",
            where=where,
            remedy="Check credentials or credentials_file of the source; the key may be revoked.",
        )
    return SourceError(
        "BigQuery cannot run the query" if error.code == 400 else "BigQuery failed",
        where=where,
        found=_message(error) if may_tell else reason or type(error).__name__,
        remedy=_LIMITS.get(reason) or _on_partitions(error),
    )


def _on_partitions(error: exceptions.GoogleAPICallError) -> str | None:
    """What to declare for a table that may be read by its partitions alone, such as its census."""
    found = _UNBOUNDED.search(_message(error))
    return found and (
        f"Declare a row_filter that all rows pass, such as \"`{found[1]}` >= '1970-01-01'\"."
    )
