"""What ``instance.yaml`` says: the instance, its sources and its limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    PrivateAttr,
)

from ..classes import BUILT_IN_CLASSES, PUBLIC, group_of
from ..errors import ConfigError
from .appearance import Accent, Logo, Support
from .description import TableDescription
from .document import Document
from .problems import did_you_mean
from .profiles import Profiles, Tier, usual_tier
from .sign_in import Auth, Email
from .source import SourceConfig
from .values import (
    AccountName,
    ClassName,
    Duration,
    FoldedName,
    GroupName,
    Names,
    Origin,
    Section,
    Size,
    SourceName,
    unexpected,
)

__all__ = [
    "AccessClass",
    "Dataset",
    "Instance",
    "Retention",
    "Sync",
]


class Identity(Section):
    """Section ``instance``."""

    name: str = Field(
        default="Data broker", description="Name that people see: in the portal and in e-mails."
    )
    origin: Origin | None = Field(
        default=None,
        description="Address of the portal as people type it, such as https://data.example.com. "
        "It alone stands in redirects and e-mails.",
    )
    subtitle: str = Field(default="", description="Line under the name.")
    logo: Logo | None = Field(
        default=None,
        description="File beside instance.yaml with the picture beside the name: SVG or PNG, "
        "at most 64 kB.",
    )
    accent: Accent = Field(
        default="#0b5cad",
        description="Colour of links, buttons and plots, readable on white; the portal makes a "
        "lighter one of it for dark pages.",
    )
    copyright: str = Field(
        default="", description="Who holds the copyright, in the footer of the portal."
    )
    support: Support = Field(
        default="",
        description="Where people get help: an e-mail address, or an address that begins with "
        "https://.",
    )


class Server(Section):
    """Section ``server``."""

    host: str = Field(
        default="",
        description="Address that laptops connect to where there is no hostname.",
    )
    hostname: str = Field(
        default="",
        description="DNS name that laptops connect to: it stands in the line for a laptop. "
        "Without it and host, the name of the host stands there.",
    )


class Desktop(Section):
    """Section ``desktop``."""

    jwt_issuer: str = Field(
        default="data-broker", description="Not read yet: issuer in the desktop app's tokens."
    )
    url_scheme: str = Field(
        default="data-broker", description="Not read yet: URL scheme that opens the desktop app."
    )


class User(Section):
    """One entry of ``users``, by account name."""

    name: str = Field(default="", description="Name that people see in the portal.")
    initials: str = Field(default="", description="Letters that stand beside the name.")


class Dataset(Section):
    """One entry of ``datasets``, by key: tables that belong together."""

    label: str = Field(default="", description="Name that people see in the catalog.")
    description: str = Field(default="", description="What the dataset holds.")
    size_hint: str = Field(
        default="",
        description="About how much it is in all, such as ~50 MB: shown to those who hold every "
        "access class.",
    )
    requires: Names = Field(
        default=(), description="Datasets that come with it, or the access class that it takes."
    )


class Category(Section):
    """One entry of ``catalog.categories``, by folder."""

    label: str = Field(default="", description="Name that people see.")
    icon: str = Field(default="", description="Not read: the portal shows no icons.")


class Catalog(Section):
    """Section ``catalog``."""

    categories: dict[str, Category] = Field(
        default={}, description="Folder to how the catalog shows it."
    )
    order: Names = Field(
        default=(),
        description="Folders in the order in which the catalog shows them; the others follow.",
    )


class Telegram(Section):
    """Section ``telegram``."""

    bot_username: str = Field(default="", description="Not read yet: the bot's name, without @.")
    domain_suffix: str = Field(
        default="", description="Not read yet: domain that makes an e-mail of an account name."
    )


class AccessClass(Section):
    """One entry of ``access_classes``: who may read is a Linux group, and what is listed here."""

    group: GroupName | None = Field(
        default=None,
        description="Linux group whose members may read, of this class alone and not the system's "
        "or the broker's own. Default: dataread for public, which may have no other, data-private "
        "for private, else data-NAME.",
    )
    folders: Names = Field(default=(), description="Folders whose tables are in this class.")
    tables: Names = Field(default=(), description="Tables in this class, by id or folder/name.")
    datasets: Names = Field(default=(), description="Datasets whose tables are in this class.")
    profile: Tier | None = Field(
        default=None,
        description="What the profiles of its tables show: counts (rows, NULL, different values), "
        "ranges (also where values lie and which are frequent, in groups of profiles.min_group "
        "rows) or samples (also the least, the greatest, small groups, a few rows). "
        "Default: samples for public, counts for all others.",
    )


def _group_alone(value: Any) -> Any:
    return {"group": value} if isinstance(value, str) else value


ClassOrGroup = Annotated[
    AccessClass, BeforeValidator(_group_alone, json_schema_input_type=str | AccessClass)
]
"""A class; the name of its group alone is short for ``{group: NAME}``."""


class Retention(Section):
    """Which generations stay. The newest good one always does."""

    count: int = Field(default=30, ge=1, description="At most so many generations stay.")
    days: int = Field(default=30, ge=1, description="Generations older than so many days go.")
    min_free: Size = Field(
        default=ByteSize(1024**3),
        description="Older generations go while the disk has less space than this.",
    )


def _enough_memory(size: ByteSize) -> ByteSize:
    return size if size >= 64_000_000 else unexpected("at least 64MB")


class MetricsLimits(Section):
    """Section ``metrics``: what running a metric may take."""

    timeout: Duration = Field(
        default=timedelta(seconds=20),
        description="Time that the SQL of one metric may take; one that takes longer has no value.",
    )


class Sync(Section):
    """Section ``sync``: what a run may use, and what it keeps."""

    memory_limit: Annotated[Size, AfterValidator(_enough_memory)] = Field(
        default=ByteSize(1024**3),
        description="Memory that the engine may use in all.",
    )
    threads: int = Field(
        default=2, ge=1, le=256, description="Threads that the engine may use in all."
    )
    parallel_tables: int = Field(
        default=2, ge=1, le=64, description="Tables that are synced side by side."
    )
    max_rejects: int = Field(
        default=1000,
        ge=0,
        description="Rejected rows past which a table fails, unless it says otherwise.",
    )
    table_timeout: Duration = Field(
        default=timedelta(hours=1),
        description="Time that the source of a table has until its last row, unless the table "
        "says otherwise with timeout.",
    )
    retention: Retention = Field(default=Retention(), description="Which generations stay.")


class Instance(Section):
    """The file ``instance.yaml``. Every section may be missing."""

    instance: Identity = Field(default=Identity(), description="How the instance is called.")
    auth: Auth = Field(default=Auth(), description="Who may sign in to the portal, and how.")
    email: Email = Field(default=Email(), description="Where the portal's e-mails come from.")
    server: Server = Field(default=Server(), description="Where laptops connect to.")
    desktop: Desktop = Field(default=Desktop(), description="Not read yet: the desktop app.")
    data_source: SourceConfig | None = Field(
        default=None, description="The one source, or the one that tables use which name none."
    )
    sources: dict[SourceName, SourceConfig] = Field(
        default={}, description="Several sources by name; a table says which with source."
    )
    users: dict[str, User] = Field(
        default={}, description="Account name to how the person is shown."
    )
    username_mapping: dict[FoldedName, AccountName] = Field(
        default={},
        description="E-mail address to the account name that the portal suggests, where they "
        "differ. A part before the @ counts where `auth.allowed_domain` is one domain, for its "
        "addresses alone.",
    )
    datasets: dict[str, Dataset] = Field(
        default={}, description="Groups of tables, by the name that tables and access classes use."
    )
    catalog: Catalog = Field(default=Catalog(), description="How the catalog shows folders.")
    telegram: Telegram = Field(default=Telegram(), description="Not read yet: the bot for alerts.")
    access_classes: dict[ClassName, ClassOrGroup] = Field(
        default={}, description="Who may read what. Without it, files keep the group of who syncs."
    )
    sync: Sync = Field(default=Sync(), description="What a sync may use, and what it keeps.")
    profiles: Profiles = Field(
        default=Profiles(), description="What the catalog shows of the values of each table."
    )
    metrics: MetricsLimits = Field(
        default=MetricsLimits(), description="What running a metric may take."
    )

    _document: Document | None = PrivateAttr(None)

    def where(self, *keys: str | int) -> str:
        """``file:line`` of a key; the name of the file, where it was read from none."""
        return "instance.yaml" if self._document is None else self._document.where(keys)

    def note_origin(self, document: Document) -> None:
        """Say where it was read; called once, by the reader of the file."""
        self._document = document
        for name, source in self.sources.items():
            source.note_origin(name, document, ("sources", name))
        if self.data_source is not None:
            self.data_source.note_origin(self.data_source.type, document, ("data_source",))

    @property
    def named_sources(self) -> dict[str, SourceConfig]:
        """Every source by name, ``data_source`` under the name of its type."""
        short = {} if self.data_source is None else {self.data_source.type: self.data_source}
        return {**short, **self.sources}

    def source_of(self, table: TableDescription) -> SourceConfig:
        """The source of a table: the one it names, else ``data_source``, else the only one.

        Raises ``ConfigError`` where that leaves none, or a choice.
        """
        sources = self.named_sources
        if table.source is not None and table.source in sources:
            return sources[table.source]
        if table.source is None and self.data_source is not None:
            return self.data_source
        if table.source is None and len(sources) == 1:
            return next(iter(sources.values()))
        raise self._no_source(table, sorted(sources))

    def _no_source(self, table: TableDescription, names: list[str]) -> ConfigError:
        if not names:
            return ConfigError(
                "instance.yaml names no source",
                remedy="Add one, for instance 'data_source: {type: csv, path: input}'.",
            )
        return ConfigError(
            f"table {table.id} does not say which source it comes from"
            if table.source is None
            else f"table {table.id} comes from an unknown source",
            expected=f"source: one of {', '.join(names)}",
            found=table.source,
            remedy=did_you_mean(table.source or "", names),
        )

    def access_of(self, table: TableDescription) -> str:
        """The class of a table: its own ``access``, else that of table, folder or dataset."""
        if "access" in table.model_fields_set:
            return table.access
        return next(iter(self.classes_listing(table)), PUBLIC)

    def classes_listing(self, table: TableDescription) -> list[str]:
        """The classes under which ``access_classes`` lists a table, the most specific way first.

        A table listed by itself is of that class alone, whatever its folder or dataset.
        """
        classes = self.access_classes.items()
        by_table = [name for name, one in classes if {table.id, table.path} & {*one.tables}]
        by_group = [
            name
            for name, one in classes
            if table.folder_name in one.folders or table.dataset in one.datasets
        ]
        return by_table or by_group

    def tier_of(self, access_class: str) -> Tier:
        """What the profiles of a class show."""
        declared = self.access_classes.get(access_class)
        return (declared and declared.profile) or usual_tier(access_class)

    def group_of(self, access_class: str) -> str | None:
        """The Linux group of a class; None where the instance declares no classes at all."""
        if not self.access_classes:
            return None
        declared = self.access_classes.get(access_class)
        return group_of(access_class, declared.group if declared else None)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes a table can be in: public and private always exist."""
        return tuple(dict.fromkeys([*BUILT_IN_CLASSES, *self.access_classes]))
