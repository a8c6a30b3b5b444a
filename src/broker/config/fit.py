"""Whether the two files fit together, and the sections of ``instance.yaml`` each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..classes import refused_group
from ..errors import ConfigError
from .description import TableDescription
from .document import Document
from .fit_sign_in import check_sign_in
from .instance import Instance
from .placed import Placed
from .problems import did_you_mean

__all__ = ["against", "check_instance", "listings"]


def against(one: Placed, instance: Instance) -> Iterator[ConfigError]:
    """What a table names and ``instance.yaml`` does not have, or has twice."""
    table = one.table
    known = {
        "access": (table.access, instance.class_names),
        "source": (table.source, tuple(instance.named_sources)),
        "dataset": (table.dataset, tuple(instance.datasets)),
    }
    for key, (name, names) in known.items():
        if name is not None and name not in names and (names or key != "dataset"):
            yield ConfigError(
                f"{one.key(key)} is not in instance.yaml",
                where=one.where(key),
                expected=", ".join(names) or "no source at all",
                found=f"'{name}'",
                remedy=did_you_mean(name, names),
            )
    sources = tuple(instance.named_sources)
    if table.source is None and instance.data_source is None and len(sources) > 1:
        yield ConfigError(
            f"{one.key('source')} is missing", where=one.where(), expected=", ".join(sources)
        )
    listing = instance.classes_listing(table)
    if len(listing) > 1 and "access" not in table.model_fields_set:
        yield ConfigError(
            f"table {table.id} is in several access classes: {', '.join(listing)}",
            where=one.where(),
            remedy="Say which with 'access:' on the table.",
        )


def listings(
    tables: Sequence[TableDescription], instance: Instance
) -> Iterator[tuple[bool, ConfigError]]:
    """Entries of ``access_classes`` that match nothing described, and whether a similar name does.

    A misspelt folder would leave its tables to the public, so that is an error; what is not
    near to anything may well be described later.
    """
    known = {
        "folders": {table.folder_name for table in tables},
        "tables": {name for table in tables for name in (table.id, table.path)},
        "datasets": {table.dataset for table in tables if table.dataset} | {*instance.datasets},
    }
    for name, one in instance.access_classes.items():
        for key, described in known.items():
            for index, listed in enumerate(getattr(one, key)):
                near = did_you_mean(listed, described, likeness=0.85)
                doubt = ConfigError(
                    f"access_classes.{name}.{key} lists '{listed}', where no table is described",
                    where=instance.where("access_classes", name, key, index),
                    remedy=near,
                )
                if listed not in described:
                    yield near is not None, doubt


def check_instance(instance: Instance, document: Document) -> list[ConfigError]:
    """What is wrong between sections of ``instance.yaml``."""
    problems = []
    short = instance.data_source
    if short is not None and short.type in instance.sources:
        problems.append(
            ConfigError(
                f"the source '{short.type}' is given twice, first as data_source",
                where=document.where(("sources", short.type)),
                remedy="Give it another name.",
            )
        )
    problems += [*_groups(instance, document), *check_sign_in(instance, document)]
    known = (*instance.datasets, *instance.class_names)
    for name, dataset in instance.datasets.items():
        for index, other in enumerate(dataset.requires):
            if other not in known:
                location = ("datasets", name, "requires", index)
                problems.append(
                    ConfigError(
                        f"datasets.{name}.requires names no dataset and no access class",
                        where=document.where(location),
                        expected=", ".join(known),
                        found=document.found(location),
                        remedy=did_you_mean(other, known),
                    )
                )
    return problems


def _groups(instance: Instance, document: Document) -> Iterator[ConfigError]:
    """Classes whose group a deploy would refuse, too."""
    groups = {name: instance.group_of(name) or "" for name in instance.class_names}
    for name in instance.access_classes:
        refusal = refused_group(name, groups)
        if refusal is not None:
            location = ("access_classes", name, "group")
            yield ConfigError(
                f"access_classes.{name}: {refusal.message}",
                where=document.where(location),
                expected=refusal.expected,
                found=document.found(location) or f"'{groups[name]}'",
                remedy=refusal.remedy,
            )
