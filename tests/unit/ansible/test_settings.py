"""No variable is missing from the documentation, and none is told wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from broker.config.instance import Instance
from broker.config.problems import section_of

from .bundle import GROUP_VARS, ROLES, ROOT, entry_points, load, variables
from .settings import PAGE, render


def test_the_page_says_what_the_declarations_say() -> None:
    assert PAGE.read_text() == render(), "type: python -m tests.unit.ansible.settings"


# Sections of instance.yaml that no room reads before the portal and what follows it stand.
NOT_READ = {
    "desktop",
    "telegram",
}


def test_a_setting_that_nothing_reads_says_so() -> None:
    marked = {
        item.name.removeprefix("broker_")
        for path in GROUP_VARS
        for item in variables(path)
        if item.comment.startswith("Not read yet: ")
    }
    assert marked == NOT_READ
    package = ROOT / "src" / "broker"
    readers = [path for path in package.rglob("*.py") if package / "config" not in path.parents]
    for section in NOT_READ:
        reads = re.compile(rf"\binstance\.{section}\b")
        assert not [path for path in readers if reads.search(path.read_text())], section


def test_a_setting_of_which_a_part_is_not_read_names_that_part() -> None:
    plays = "\n".join(path.read_text() for path in (ROOT / "playbooks").glob("*.yml"))
    for item in (item for path in GROUP_VARS for item in variables(path)):
        section = item.name.removeprefix("broker_")
        if section in NOT_READ or section not in Instance.model_fields:
            continue
        inner = section_of(Instance.model_fields[section].annotation)
        unread = {name for name, is_marked in keys(inner) if is_marked} if inner else set[str]()
        unread = {name for name in unread if f"{item.name}.{name}" not in plays}
        named = item.comment.partition("Not read yet: ")[2].rstrip(".")
        assert {*named.split(", ")} - {""} == unread, item.name


def test_every_setting_is_read_by_a_play() -> None:
    plays = "\n".join(path.read_text() for path in (ROOT / "playbooks").glob("*.yml"))
    names = [item.name for path in GROUP_VARS for item in variables(path)]
    assert [name for name in names if not re.search(rf"\b{name}\b", plays)] == []


def test_what_site_gives_to_roles_are_their_variables() -> None:
    given = load(ROOT / "playbooks" / "site.yml")[-1]["vars"]
    options = {name for role in ROLES for name in entry_points(role)["main"]["options"]}
    assert given.keys() - options == set()


def keys(model: type[BaseModel]) -> Iterator[tuple[str, bool]]:
    """Each key below a section, and whether its text says that nothing reads it."""
    for name, field in model.model_fields.items():
        yield name, says_so(field)
        inner = section_of(field.annotation)
        yield from keys(inner) if inner else ()


def says_so(field: FieldInfo) -> bool:
    return (field.description or "").startswith("Not read yet: ")


def test_a_key_of_instance_yaml_that_nothing_reads_says_so() -> None:
    sections = Instance.model_fields
    assert {name for name, field in sections.items() if says_so(field)} == NOT_READ
    for name, field in sections.items():
        inner = section_of(field.annotation)
        below = [*keys(inner)] if inner else []
        assert {mark for _, mark in below} <= {name in NOT_READ}, name
