"""From a config folder to validated objects."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .checks import check_tables
from .description import Description, DescriptionFile, TableDescription
from .document import Document
from .environment import Variables
from .fit import check_instance
from .instance import Instance
from .markdown import yaml_blocks
from .placed import Placed
from .problems import InvalidConfigError, raise_if_any, validated
from .text_file import DESCRIPTION_FILE, INSTANCE_FILE, read_text

__all__ = [
    "SECTIONS_OF_PORTAL",
    "SECTIONS_OF_SOURCES",
    "find_config_dir",
    "load_description",
    "load_instance",
]

SECTIONS_OF_SOURCES = ("data_source", "sources")
SECTIONS_OF_PORTAL = ("auth", "email")
_UNKNOWN = "-"
DATASET_FOLDERS = ("docs/datasets", "datasets")


def find_config_dir(option: Path | None, environ: Mapping[str, str] | None = None) -> Path:
    """The config folder: ``option``, else ``$CONFIG_DIR``, else ``./config``.

    Raises ``ConfigError`` where there is no such folder.
    """
    environ = os.environ if environ is None else environ
    folder = option or Path(environ.get("CONFIG_DIR") or "config")
    if not folder.is_dir():
        raise ConfigError(
            "there is no config folder here",
            where=str(folder),
            remedy="Name one with --config or in CONFIG_DIR.",
        )
    return folder


def load_instance(
    config_dir: Path,
    environ: Mapping[str, str] | None = None,
    *,
    secrets: bool = True,
    without: Collection[str] = (),
) -> Instance:
    """Read ``instance.yaml``. ``environ`` (default: the process's) fills ``${NAME}``.

    Without ``secrets`` a variable that is not set is not an error: only opening a source needs it.
    The same holds for the sections ``without``: a sync has no secret of the portal, the portal none
    of a source. Raises ``InvalidConfigError`` with everything that is wrong in it.
    """
    path = config_dir / INSTANCE_FILE
    missing = None if secrets else _UNKNOWN
    variables = Variables.of(config_dir, os.environ if environ is None else environ, missing)
    lenient = replace(variables, missing=_UNKNOWN)
    document = Document(
        read_text(path),
        path,
        expand=variables.expand,
        expand_in=dict.fromkeys(without, lenient.expand),
    )
    folder = config_dir.absolute()
    instance, problems = validated(Instance, document.data, document, folder=folder)
    problems += document.problems
    if instance is not None:
        problems += check_instance(instance, document)
    raise_if_any(problems)
    assert instance is not None  # noqa: S101 - no problem means there is a value
    instance.note_origin(document)
    return instance


def load_description(config_dir: Path, instance: Instance | None = None) -> Description:
    """Read ``data_description.md`` and the files of ``docs/datasets`` and ``datasets``.

    Given the instance, access classes, sources and datasets are checked against it. Raises
    ``InvalidConfigError`` with everything that is wrong in all files; what is merely doubtful is
    in ``Description.warnings``.
    """
    main = config_dir / DESCRIPTION_FILE
    documents, problems = _documents(main, config_dir)
    if not documents and not problems:
        raise InvalidConfigError([_no_block(main)])
    tables: list[Placed] = []
    mapping: dict[str, str] = {}
    for document in documents:
        found, wrong = _tables_of(document)
        tables += found
        problems += wrong + document.problems + _merge_mapping(document, mapping)
    described = [one.in_folder(mapping) for one in tables]
    if not described and not problems:
        raise InvalidConfigError([_no_table(main)])
    wrong, warnings = check_tables(described, instance)
    raise_if_any(problems + wrong)
    return Description(
        tables=tuple(one.table for one in described),
        folder_mapping=mapping,
        warnings=tuple(str(warning) for warning in warnings),
        places={one.table.id: one.where() for one in described},
    )


def _documents(main: Path, config_dir: Path) -> tuple[list[Document], list[ConfigError]]:
    documents: list[Document] = []
    problems: list[ConfigError] = []
    datasets = [path for name in DATASET_FOLDERS for path in (config_dir / name).glob("*.md")]
    for path in [main, *sorted(datasets)]:
        for block in yaml_blocks(read_text(path)):
            try:
                documents.append(Document(block.text, path, block.first_line))
            except ConfigError as error:
                problems.append(error)
    return documents, problems


def _tables_of(document: Document) -> tuple[list[Placed], list[ConfigError]]:
    """The tables that are right in themselves, and every mistake of the block."""
    _, problems = validated(DescriptionFile, document.data, document)
    items = document.data.get("tables") if isinstance(document.data, Mapping) else None
    tables = []
    for index, item in enumerate(items if isinstance(items, list) else []):
        location = ("tables", index)
        table, wrong = validated(TableDescription, item, document, location)
        if table is not None and not wrong:
            tables.append(Placed(table, document, location))
    return tables, problems


def _merge_mapping(document: Document, mapping: dict[str, str]) -> list[ConfigError]:
    """Add a block's ``folder_mapping`` to ``mapping``; a bucket has one folder."""
    data: Any = document.data.get("folder_mapping") if isinstance(document.data, Mapping) else None
    problems = []
    for bucket, folder in data.items() if isinstance(data, Mapping) else ():
        if isinstance(folder, str) and mapping.setdefault(bucket, str(folder)) != folder:
            problems.append(
                ConfigError(
                    f"folder_mapping.{bucket} is given twice",
                    where=document.where(("folder_mapping", bucket)),
                    expected=f"'{mapping[bucket]}', as before",
                    found=f"'{folder}'",
                )
            )
    return problems


def _no_block(path: Path) -> ConfigError:
    return ConfigError(
        "no table is described: there is no YAML block in the file",
        where=str(path),
        remedy="Begin one with a line ```yaml and end it with a line ```.",
    )


def _no_table(path: Path) -> ConfigError:
    return ConfigError(
        "no table is described: the list under 'tables:' is empty",
        where=str(path),
        remedy="Add an entry with at least an id.",
    )
