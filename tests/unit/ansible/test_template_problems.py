"""Templates in the text of other people are found in variables as they are written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.vault import EncryptedString
from ansible.template import trust_as_template

from .bundle import plugin

problems = plugin("lookup/template_problems.py").problems
RUN = "{{ lookup('pipe', 'touch /tmp/canary') }}"


def trusted(value: Any) -> Any:
    """As Ansible reads a value of an inventory or of ``-e``."""
    if isinstance(value, dict):
        return {trusted(key): trusted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [trusted(inner) for inner in value]
    return trust_as_template(value) if isinstance(value, str) else value


@pytest.mark.parametrize(
    "text",
    [
        RUN,
        f"ssh-ed25519 AAAA anna@{RUN}",
        "token{{7*7}}",
        "{{7*7}}",
        "{{ 'text' }}",
        "to{# hidden #}ken",
        "{% set x = 1 %}",
        "{{ broken",
        "{{ one }}{{ other }}",
        "{{ one }} and more",
        "#jinja2: variable_start_string:'[%'\n[% 7*7 %]",
        "{{ one.method() }}",
        "{{ one | map('extract', two) }}",
        "{{ one | default(lookup('pipe', 'touch /tmp/canary')) }}",
        "{{ lookup('ansible.builtin.url', 'https://example.com') }}",
        "{{ lookup(kind, 'x') }}",
        "{{ lookup('file', lookup('pipe', 'touch /tmp/canary')) }}",
        "{{ lookup('file', 'x', errors=lookup('pipe', 'touch /tmp/canary')) }}",
        "{{ lookup('file', *one) }}",
        "{{ one if two else lookup('pipe', 'touch /tmp/canary') }}",
        "{{ one[lookup('pipe', 'touch /tmp/canary')] }}",
        "{{ vars['one'] }}",
        "{{ hostvars[inventory_hostname]['one'] }}",
        "{{ one | default(hostvars.other.one) }}",
    ],
)
def test_a_template_that_is_not_a_pointer_is_a_problem(text: str) -> None:
    for variables in ({"said": text}, {"said": [{"deep": [text]}]}, {"said": {text: 1}}):
        (problem,) = problems(trusted(variables), ["said"], pointers=True)
        assert problem.partition(" holds a template ")[0].endswith(
            {"str": "said", "list": "said[0].deep[0]", "dict": "a name in said"}[
                type(variables["said"]).__name__
            ]
        )
        assert "!unsafe" in problem
        assert "canary" not in problem


@pytest.mark.parametrize(
    "text",
    [
        "{{ vault_token }}",
        "{{ vault.token }}\n",
        "{{ vault['token'] | trim }}",
        "{{ team_a + team_b }}",
        "{{ lookup('env', 'TOKEN') }}",
        "{{ lookup('ansible.builtin.file', inventory_dir ~ '/keys/anna.pub') }}",
        "{{ lookup('ansible.builtin.file', 'analysts.yml') | from_yaml }}",
        "{{ lookup('ansible.builtin.password', folder ~ '/token', length=40) }}",
    ],
)
def test_a_pointer_is_for_what_is_declared_and_not_for_what_is_typed(text: str) -> None:
    variables = trusted({"said": text, "folder": "{{ playbook_dir }}/keys"})
    assert problems(variables, ["said"], pointers=True) == []
    assert len(problems(variables, ["said"])) == 1


def test_what_a_pointer_names_is_examined_too_and_once() -> None:
    variables = trusted(
        {
            "said": {"A": "{{ first }}", "B": "{{ first }}"},
            "first": "{{ second | default(third) }}",
            "second": "{{ said }}",
            "third": "a{{7*7}}b",
        }
    )
    (problem,) = problems(variables, ["said"], pointers=True)
    assert problem.startswith("third holds a template")


@pytest.mark.parametrize(
    "text",
    [
        "{{ lookup('file', said) }}",
        "{{ lookup('file', 'keys/' ~ said) }}",
        "{{ lookup('file', folder) }}",
        "{{ lookup('env', 'TOKEN', default=said) }}",
        "{{ lookup('password', '/dev/null', seed=said) }}",
    ],
)
@pytest.mark.parametrize("value", [RUN, f"keys/{RUN}", "{{ vars.x }}/y", "{{ other }}/y"])
def test_what_a_lookup_is_given_is_examined_too(text: str, value: str) -> None:
    variables = trusted({"a": text, "said": value, "folder": "/x/{{ said }}", "other": RUN})
    (problem,) = problems(variables, ["a"], pointers=True)
    assert problem.startswith(("said holds a template", "other holds a template"))


def test_text_that_ansible_does_not_evaluate_is_not_a_problem() -> None:
    read = {"said": ["{{ 7*7 }}", "{% raw"]}  # untrusted: of !unsafe, a lookup or a module
    encrypted = {"said": EncryptedString(ciphertext="$ANSIBLE_VAULT;1.1;AES256\n00")}
    plain = trusted({"said": ["anna", "{ not a template }", None, 7, True]})
    for variables in (read, encrypted, plain, {}):
        assert problems(variables, ["said"]) == []


def test_a_template_in_a_set_is_a_problem() -> None:
    assert problems({"said": {trusted(RUN)}}, ["said"], pointers=True)
