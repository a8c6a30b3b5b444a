"""What ``instance.yaml`` and a table's description say of BigQuery."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import ByteSize, Field, SecretStr

from ...config.values import Duration, Section, Size, Text

__all__ = ["Settings"]


class Settings(Section):
    """``{type: bigquery, …}`` of ``instance.yaml``."""

    project: Text = Field(description="Project that runs the queries and pays for them.")
    dataset: Text | None = Field(
        default=None,
        description="Dataset of tables whose id is a name alone; discover stays in it.",
    )
    location: Text | None = Field(default=None, description="Location of the datasets, such as EU.")
    credentials: SecretStr | None = Field(
        default=None,
        description="Key of a service account, as JSON. Default: credentials_file, else whatever "
        "the machine itself is given by Google Cloud.",
    )
    credentials_file: Text | None = Field(
        default=None, description="File with the key of a service account."
    )
    max_bytes_billed: Size = Field(
        default=ByteSize(100 * 1000**3), description="Most that one read of a table may be billed."
    )
    max_bytes_billed_per_day: Size | None = Field(
        default=None,
        description="Most that the broker may be billed from 0:00 to 24:00 UTC. Default: no limit.",
    )
    storage_api: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="Whether rows come through the Storage Read API; auto is where it is allowed.",
    )
    lag: Duration = Field(
        default=timedelta(),
        validate_default=False,
        description="How late rows arrive: what is newer than this is read again the next time.",
    )
    time_limit: Duration = Field(
        default=timedelta(hours=1), description="A query that takes longer is ended."
    )
    api_endpoint: Text | None = Field(
        default=None, description="Another address of the REST API, as for private access."
    )
    storage_api_endpoint: Text | None = Field(
        default=None,
        description="Another host:port of the Storage Read API; with http:// before it, no TLS.",
    )
