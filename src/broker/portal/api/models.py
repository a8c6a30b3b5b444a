"""The objects that the API takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AccountKeys",
    "ApiCatalog",
    "ApiColumn",
    "ApiDataset",
    "ApiDatasets",
    "ApiFreshness",
    "ApiGeneration",
    "ApiGenerations",
    "ApiKey",
    "ApiMetric",
    "ApiProfile",
    "ApiRelation",
    "ApiTable",
    "ApiTableDetails",
    "CertificateAnswer",
    "CertificateWish",
    "DatasetWish",
    "FreshnessList",
    "KeyReplacement",
    "Me",
    "NewKey",
    "SyncRun",
    "SyncStarted",
    "SyncStatus",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


PastedText = Annotated[str, Field(max_length=20_000)]
Label = Annotated[str, Field(max_length=63, pattern=r"^([A-Za-z0-9][A-Za-z0-9@._-]*)?$")]
Grace = Annotated[str, Field(pattern=r"^[0-9]{1,4}[mhdw]$")]


class ApiKey(BaseModel):
    """A public SSH key of an account."""

    id: str = Field(description="The fingerprint as it stands in paths: in base64url.")
    fingerprint: str
    type: str
    name: str
    comment: str
    state: Literal["accepted", "ends", "ended", "revoked"]
    until: datetime | None
    is_declared: bool = Field(description="The inventory lists it; only the operators can end it.")


class Me(BaseModel):
    """Who holds the token, looked up now."""

    email: str
    name: str
    account: str | None
    is_admin: bool
    classes: list[str]
    scopes: list[str]
    last_login: datetime | None
    last_sync: datetime | None


class AccountKeys(BaseModel):
    """All keys of an account, also those that ended."""

    account: str
    keys: list[ApiKey]


class NewKey(_Strict):
    """A public key in OpenSSH's one-line format."""

    key: PastedText
    label: Label = ""


class KeyReplacement(_Strict):
    """A key in place of another one, which ends after ``grace``."""

    key: PastedText
    grace: Grace = "7d"


class CertificateWish(_Strict):
    """The fingerprint of the key to sign; it may be left out where there is one alone."""

    fingerprint: Annotated[str, Field(max_length=100)] = ""


class CertificateAnswer(BaseModel):
    """A certificate of SSH: save ``certificate`` beside the key as ``…-cert.pub``."""

    certificate: str
    fingerprint: str
    serial: int
    until: datetime | None


class ApiColumn(BaseModel):
    """A column, with its type as DuckDB writes it."""

    name: str
    type: str
    description: str
    nullable: bool


class ApiTable(BaseModel):
    """A table that the holder of the token may read."""

    path: str
    name: str
    view: str
    access: str
    title: str
    dataset: str | None
    rows: int
    bytes: int
    status: str
    columns: list[ApiColumn]
    key: list[str]


class ApiRelation(BaseModel):
    """``column`` of ``table`` holds values of ``references`` of ``target``."""

    table: str
    column: str
    target: str
    references: str
    description: str


class ApiMetric(BaseModel):
    """A number with one definition; ``value`` is the last one."""

    name: str
    title: str
    description: str
    unit: str
    sql: str
    tables: list[str]
    value: str | None
    time: str | None
    problem: str


class ApiCatalog(BaseModel):
    """Everything of a generation that the holder of the token may know."""

    generation: str
    created_at: datetime
    classes: list[str]
    tables: list[ApiTable]
    relations: list[ApiRelation]
    metrics: list[ApiMetric]


class ApiTableDetails(BaseModel):
    """A table and its description in full."""

    table: ApiTable
    description: str
    warnings: list[str]


class ApiProfile(BaseModel):
    """What the class of a table shows of its values; None where it has no profile yet."""

    path: str
    profile: dict[str, Any] | None


class ApiFreshness(BaseModel):
    """How old a table is, and may be."""

    path: str
    as_of: datetime | None
    loaded_at: datetime | None
    watermark: datetime | None
    promise_seconds: int | None
    age_seconds: int | None
    state: Literal["fresh", "late", "failed", "unknown"]
    status: str


class FreshnessList(BaseModel):
    """Freshness of every table that the holder of the token may read."""

    generation: str
    tables: list[ApiFreshness]


class ApiGeneration(BaseModel):
    """A generation with a catalog."""

    generation: str
    is_current: bool


class ApiGenerations(BaseModel):
    """Those that have a catalog, the newest first."""

    generations: list[ApiGeneration]


class SyncRun(BaseModel):
    """How a sync ended."""

    began_at: datetime | None
    ended_at: datetime | None
    outcome: str
    reason: str
    generation: str | None


class SyncStatus(BaseModel):
    """How syncs go, as far as the host says; ``problem`` is why it does not."""

    generation: str | None
    runs: list[SyncRun]
    problem: str


class SyncStarted(BaseModel):
    """``started`` is false where a sync was on its way already."""

    started: bool


class ApiDataset(BaseModel):
    """A dataset; ``is_wanted`` says whether laptops get it."""

    name: str
    label: str
    tables: int
    bytes: int
    requires: list[str]
    is_wanted: bool


class ApiDatasets(BaseModel):
    """All datasets with a table that the holder of the token may read."""

    datasets: list[ApiDataset]


class DatasetWish(_Strict):
    """Which datasets laptops get; one that is not named stays as it is."""

    datasets: dict[Annotated[str, Field(max_length=200)], bool] = Field(max_length=1_000)
