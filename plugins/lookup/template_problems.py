"""Templates in text that other people wrote, found before Ansible evaluates them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible.template import is_trusted_as_template
from jinja2 import Environment, TemplateError, nodes

DOCUMENTATION = """
name: template_problems
short_description: Finds templates in variables that hold the text of other people
description:
  - Ansible evaluates C({{ ... }}) in every text of an inventory and of C(-e), on the controller.
    A name, the comment of a key or a token that another person wrote must never be such a text.
  - Reads variables as they are written and evaluates nothing. One sentence for each problem; none
    of them repeats a value.
  - Has to be asked before anything else reads these variables.
options:
  _terms:
    description: Names of variables. Those that are not set are left out.
    required: true
  pointers:
    description:
      - Whether a value may be a pointer, which is one template and nothing around it. It holds
        names of other variables, or lookups of C(file), C(env), C(password) or C(unvault). What
        the names stand for is examined, too; in the path that a lookup reads, a name may stand
        for pointers with text around them. C(vars) and C(hostvars) do not count as names.
    type: bool
    default: false
"""

RETURN = """
_raw:
  description: What is wrong, a sentence each.
  type: list
  elements: str
"""

# As Ansible tells a template: its start marks, or a first line that defines others.
_MARKS = ("{{", "{%", "{#")
_HEADER = "#jinja2:"
_LOOKUPS = {"lookup", "query", "q"}
_READING = {"env", "file", "password", "unvault"}
# These give the variables of all hosts, already evaluated: nothing is left to examine.
_EVALUATED = {"hostvars", "vars"}
_FILTERS = {"b64decode", "combine", "default", "from_json", "from_yaml", "trim"}
_Named = tuple[str, bool]
"""The name of a variable, and whether it stands in a path."""
_JOINING = (nodes.Add, nodes.Concat, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.List)


def problems(
    variables: Mapping[str, Any], names: list[str], *, pointers: bool = False
) -> list[str]:
    """A sentence for every template in these variables that is not a pointer."""
    search = _Search(variables, pointers=pointers)
    return [found for name in names for found in search.variable(name)]


@dataclass
class _Search:
    variables: Mapping[str, Any]
    pointers: bool
    seen: set[_Named] = field(default_factory=set)

    def variable(self, name: str, *, in_path: bool = False) -> Iterator[str]:
        if name in self.variables and (name, in_path) not in self.seen:
            self.seen.add((name, in_path))
            yield from self._value(name, self.variables[name], in_path=in_path)

    def _value(self, place: str, value: Any, *, in_path: bool) -> Iterator[str]:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield from self._text(f"a name in {place}", key, in_path=in_path)
                deeper = place if _is_template(key) else f"{place}.{key}"
                yield from self._value(deeper, inner, in_path=in_path)
        elif isinstance(value, list | tuple | set | frozenset):
            for index, inner in enumerate(value):
                yield from self._value(f"{place}[{index}]", inner, in_path=in_path)
        else:
            yield from self._text(place, value, in_path=in_path)

    def _text(self, place: str, value: Any, *, in_path: bool) -> Iterator[str]:
        if not _is_template(value):
            return
        names = _pointed(value, in_path=in_path) if self.pointers else None
        if names is None:
            yield _sentence(place, pointers=self.pointers)
            return
        for name, is_path in names:
            yield from self.variable(name, in_path=in_path or is_path)


def _is_template(value: Any) -> bool:
    if not isinstance(value, str) or not is_trusted_as_template(value):
        return False
    return value.startswith(_HEADER) or any(mark in value for mark in _MARKS)


def _sentence(place: str, *, pointers: bool) -> str:
    found = (
        f"{place} holds a template ('{{{{', '{{%' or '{{#'), "
        "which Ansible would run on this machine; expected plain text"
    )
    if not pointers:
        return f"{found}. Give a public key as the path of its file."
    return (
        f"{found}, or a pointer such as '{{{{ vault_keboola_token }}}}' with nothing around it. "
        "Write !unsafe before text that has such marks, "
        "or read it by \"{{ lookup('ansible.builtin.file', 'PATH') }}\"."
    )


def _pointed(text: str, *, in_path: bool) -> list[_Named] | None:
    """The variables that a pointer names; None for any other template.

    ``in_path``: there may be several, and text around them.
    """
    try:
        body = Environment(autoescape=False).parse(text.strip()).body  # noqa: S701  nothing is rendered
    except TemplateError:
        return None
    if text.startswith(_HEADER) or "{#" in text or len(body) != 1:
        return None
    if not isinstance(body[0], nodes.Output):
        return None
    parts = [part for part in body[0].nodes if not isinstance(part, nodes.TemplateData)]
    if not in_path and (len(parts) != 1 or len(body[0].nodes) != 1):
        return None
    return _all_names(parts) or None


def _names(node: nodes.Node) -> list[_Named] | None:
    """As ``_pointed``, of an expression; a lookup counts as a name that is not a variable."""
    if isinstance(node, nodes.Name):
        return None if node.name in _EVALUATED else [(node.name, False)]
    if isinstance(node, nodes.Call):
        return _read_by(node)
    if isinstance(node, nodes.Filter) and node.name.rpartition(".")[2] not in _FILTERS:
        return None
    if not isinstance(node, (nodes.Filter, *_JOINING)):
        return None
    return _all_names(node.iter_child_nodes())


def _all_names(parts: Iterable[nodes.Node]) -> list[_Named] | None:
    found = [_names(part) for part in parts]
    return None if None in found else [name for names in found for name in names or ()]


def _read_by(call: nodes.Call) -> list[_Named] | None:
    """The names in a lookup that reads, at a place given by constants and names; else None."""
    if not isinstance(call.node, nodes.Name) or call.node.name not in _LOOKUPS or not call.args:
        return None
    kind, *places = call.args
    if not isinstance(kind, nodes.Const) or call.dyn_args or call.dyn_kwargs:
        return None
    if str(kind.value).removeprefix("ansible.builtin.") not in _READING:
        return None
    paths, options = _all_names(places), _all_names(option.value for option in call.kwargs)
    if paths is None or options is None:
        return None
    return [("", False), *((name, True) for name, _ in paths), *options]


class LookupModule(LookupBase):
    """``query('template_problems', 'user', 'key')``."""

    def run(
        self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[str]:
        """The sentences."""
        self.set_options(var_options=variables, direct=kwargs)
        return problems(variables or {}, terms, pointers=self.get_option("pointers"))
