"""``data_source: {type: keboola, …}`` of ``instance.yaml``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from ...config.values import Duration, Section, Text, unexpected

__all__ = ["Settings"]


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        unexpected("an address such as https://connection.keboola.com")
    return url.rstrip("/").removesuffix("/v2/storage")


def _token(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        unexpected("a token of the Storage API, without blanks and line ends")
    return token


class Settings(Section):
    """What one project is reached by, and what its exports may take."""

    url: Annotated[Text, AfterValidator(_address)] = Field(
        description="Address of the stack, such as https://connection.keboola.com."
    )
    token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        description="Storage API token, such as ${KEBOOLA_TOKEN}."
    )
    project: Annotated[Text, BeforeValidator(str)] = Field(
        description="Number of the project; the token must belong to it."
    )
    branch: Annotated[Text, BeforeValidator(str)] | None = Field(
        default=None, description="Development branch by its number. Default: production."
    )
    file_type: Literal["csv", "parquet"] = Field(
        default="csv", description="What exports are written as."
    )
    parallel_slices: int = Field(
        default=4, ge=1, le=32, description="Slices of one export that are fetched side by side."
    )
    timeout: Duration = Field(
        default=timedelta(hours=1),
        description="Time that one export may take, from its request to its last byte.",
    )
    silence: Duration = Field(
        default=timedelta(minutes=1),
        description="Time after which a connection that says nothing is given up.",
    )
    attempts: int = Field(
        default=8, ge=1, le=100, description="How often one request is sent before it has failed."
    )
    check_row_counts: bool = Field(
        default=True, description="Whether a whole export must have the rows that Keboola counts."
    )
