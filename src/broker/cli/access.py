"""``broker access prove|why``: who may read what, tried on this host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..access import Areas, People, Proof, begin_proof, people, prove, why, write_proof
from ..access.why import find_table
from ..accounts.debian.host import Host
from ..accounts.debian.observe import observe
from ..audit import Event, Result, current_actor, note
from ..config import Instance, find_config_dir, load_description, load_instance
from ..errors import AccountsError, ConfigError, PublishError, nearest
from ..publish import Generation, Store
from .options import as_json, config_dir, data_dir
from .store import open_store
from .terminal import say, say_json

__all__ = ["access"]

_SHOWN = 50
# What is published while a proof runs does not start another: systemd watches only between them.
_TRIES = 10


@click.group()
def access() -> None:
    """Prove who may read what, or explain one answer."""


@access.command("prove")
@config_dir
@data_dir
@click.option("--all-generations", "every", is_flag=True, help="Walk the older generations, too.")
@click.option("--record", is_flag=True, help="Keep the result for `broker status`, and audit it.")
@as_json
def _prove(config_option: Path | None, data: Path, every: bool, record: bool, as_json: bool) -> int:
    """Try every file as each analyst, and compare with the policy.

    Ends with 0 if everything is as the policy says, else with 1 and a list of what is not.
    """
    _refuse_others()
    instance, store = _opened(config_option, data)
    for _ in range(_TRIES if record else 1):
        if record:
            begin_proof(gid=store.rights.operators)
        proof = prove(_everybody(), _classes(instance), store, _areas(data), every=every)
        if record:
            write_proof(proof, gid=store.rights.operators)
            note(_event(proof))
        current = store.current()
        if proof.generation == (current and current.id):
            break
    if as_json:
        say_json(proof.facts())
    else:
        _print(proof)
    return 1 if proof.violations else 0


@access.command("why")
@click.argument("user")
@click.argument("table")
@config_dir
@data_dir
@as_json
def _why(user: str, table: str, config_option: Path | None, data: Path, as_json: bool) -> int:
    """Explain whether USER may read TABLE (an id, folder/name or name), and try it as USER.

    Ends with 0 if the host does what the policy says, whichever answer that is, else with 1.
    """
    _refuse_others()
    instance, store = _opened(config_option, data)
    generation = store.generation()
    entry = find_table(generation, table)
    if entry is None:
        raise _no_table(table, generation)
    reader = next((one for one in _everybody().readers if one.name == user), None)
    if reader is None or reader.classes is None:
        raise AccountsError(
            "there is no such analyst",
            where=f"analyst {user[:40]!r}",
            remedy="Look at the names with: list-analysts.",
        )
    description = load_description(find_config_dir(config_option))
    answer = why(reader, entry, generation, instance, description)
    if as_json:
        say_json(answer.facts())
    else:
        say(*answer.lines())
    return 0 if answer.as_decided else 1


def _opened(config_option: Path | None, data: Path) -> tuple[Instance, Store]:
    instance = load_instance(find_config_dir(config_option), secrets=False)
    if not instance.access_classes:
        raise ConfigError(
            "this instance declares no access classes, so there is nothing to prove",
            where="instance.yaml",
            remedy="Deploy with site.yml, which declares public and private.",
        )
    return instance, open_store(instance, data)


def _everybody() -> People:
    return people(observe(Host()).registry.people)


def _classes(instance: Instance) -> Mapping[str, str]:
    return {name: instance.group_of(name) or name for name in instance.class_names}


def _areas(data: Path) -> Areas:
    store = data.absolute()
    return Areas(store=store, data=store.parent)


def _refuse_others() -> None:
    if os.geteuid() != 0:
        raise AccountsError("only root can become each analyst in turn", remedy="Run this as root.")


def _no_table(name: str, generation: Generation) -> PublishError:
    known = [word for entry in generation.manifest.tables for word in (entry.path, entry.name)]
    near = nearest(name, known)
    return PublishError(
        "no such table is published",
        found=repr(name[:80]),
        remedy=f"Did you mean {near}?" if near else "`broker status` lists them.",
    )


def _event(proof: Proof) -> Event:
    facts: dict[str, Any] = proof.facts()
    summary = {name: facts[name] for name in ("generation", "analysts", "checks", "unexpected")}
    result: Result = "failed" if proof.violations else "done"
    return Event(proof.at, "access.prove", current_actor(), None, result, None, summary)


def _print(proof: Proof) -> None:
    say(f"{proof.sentence} ({proof.analysts} analysts, {proof.seconds:.1f} s)")
    for name, checks in proof.tried.items():
        say(f"  {checks:,} as {name}")
    for violation in proof.violations[:_SHOWN]:
        say(f"  {violation}")
    if len(proof.violations) > _SHOWN:
        say(f"  and {len(proof.violations) - _SHOWN:,} more; --json has them all")
