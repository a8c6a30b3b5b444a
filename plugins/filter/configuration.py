"""What the broker itself says of its configuration, asked on the controller before a deploy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

ROOT = Path(__file__).resolve().parents[2]
SOURCES = str(ROOT / "src")


def class_groups(classes: Mapping[str, Any]) -> list[str]:
    """The Linux groups of the access classes, with the broker's own rule where none is given."""
    _find_broker()
    from broker.accounts.records import classes as rules  # noqa: PLC0415  only a deploy needs it

    return sorted({*rules.class_groups(classes).values()})


def source_extras(instance: Mapping[str, Any], description: str = "") -> list[str]:
    """The extras that the sources of an instance need: that of their type, if it has one.

    CSV files need one only where they are behind a URL, as a source or as a table says it;
    ``description`` is the path of the table descriptions.
    """
    sources = [instance.get("data_source") or {}, *(instance.get("sources") or {}).values()]
    types = {str(source.get("type")) for source in sources}
    wanted = types & {path.stem for path in (ROOT / "requirements").glob("*.txt")}
    places = [str(source.get("path", "")) for source in sources] + _files(description)
    if any("://" in place for place in places):
        wanted.add("remote")
    return sorted(wanted)


def _files(description: str) -> list[str]:
    """``file`` of every table that has one; none where a preflight finds mistakes."""
    if not description:
        return []
    _find_broker()
    from broker.config import load_description  # noqa: PLC0415  only a deploy needs pydantic
    from broker.errors import ConfigError  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data_description.md").write_bytes(Path(description).read_bytes())
        try:
            tables = load_description(Path(folder)).tables
        except ConfigError:
            return []
    return [str(table.options.get("file") or "") for table in tables]


def wheel_target(laptop: Any) -> str:
    """An entry of ``broker_laptop_wheels`` as bin/laptop_wheels.py takes it."""
    if isinstance(laptop, Mapping):
        return f"{laptop['python']}:{laptop['platform']}"
    return str(laptop)


def environment_problems(environment: Mapping[str, Any]) -> list[str]:
    """Variables that ``/etc/data-broker/environment`` cannot hold: their names, never values."""
    return [
        str(name)
        for name, value in environment.items()
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)) or re.search(r"['\n]", str(value))
    ]


def url_passwords(value: Any, place: str = "") -> list[str]:
    """Where a URL has its password in clear, and not as ``${NAME}``: places, never values.

    ``value`` is a setting with all that is in it, or a text; ``place`` is its name.
    """
    if isinstance(value, Mapping):
        inner = [(f"{place}.{name}" if place else str(name), one) for name, one in value.items()]
    elif isinstance(value, list | tuple):
        inner = [(f"{place}[{index}]", one) for index, one in enumerate(value)]
    else:
        return [place] if re.search(r"://[^/@\s:]*:(?!\$\{)[^/@\s]+@", str(value)) else []
    return [found for name, one in inner for found in url_passwords(one, name)]


def credential_files(
    secrets: Mapping[str, Any], folder: str = "/etc/data-broker/credentials"
) -> list[dict[str, str]]:
    """The file of each secret below ``folder``, as the module ``host_files`` takes it.

    A mapping or a list, such as the key of a service account written as YAML, becomes JSON.
    """
    return [
        {
            "path": f"{folder}/{name}",
            "content": json.dumps(value) if isinstance(value, Mapping | list) else str(value),
            "mode": "0600",
            "later": True,
        }
        for name, value in secrets.items()
    ]


def metric_files(description: str) -> list[dict[str, str]]:
    """The file of each metric on a host, as the module ``host_files`` takes it.

    ``description`` is the path of the table descriptions, beside which the metrics lie.
    """
    return [
        {
            "path": f"/etc/data-broker/metrics/{path.name}",
            "content": path.read_text(encoding="utf-8"),
            "mode": "0640",
            "group": "data-ops",
            "later": True,
        }
        for path in sorted(_metrics(description).glob("*.yml"))
    ]


def _metrics(description: str) -> Path:
    return Path(description).parent / "metrics"


def _find_broker() -> None:
    if SOURCES not in sys.path:
        sys.path.append(SOURCES)


def config_findings(
    instance: str, description: str, variables: Iterable[str]
) -> dict[str, list[str]]:
    """What ``broker config check`` finds: ``problems`` and ``warnings``, a sentence each.

    ``instance`` is the text of ``instance.yaml``, ``description`` the path of the table
    descriptions, beside which the metrics lie; ``variables`` names what the host will have a
    secret for.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "instance.yaml")
        copied = Path(folder, "data_description.md")
        written.write_text(instance, encoding="utf-8")
        copied.write_bytes(Path(description).read_bytes())
        metrics = _metrics(description)
        if metrics.is_dir():
            shutil.copytree(metrics, Path(folder, "metrics"))
        found = _check(folder, variables)
    names = {str(copied): description, str(Path(folder, "metrics")): str(metrics)}
    return {
        "problems": [_sentence(one, str(written), names) for one in found["problems"]],
        "warnings": [_warning(str(one), str(written), names) for one in found["warnings"]],
    }


def _check(folder: str, variables: Iterable[str]) -> dict[str, list[Any]]:
    command = [sys.executable, "-m", "broker", "config", "check", "--config", folder, "--json"]
    # No secret leaves Ansible for a check: any text will do for a variable.
    environment = {**os.environ, **dict.fromkeys(variables, "secret"), "PYTHONPATH": SOURCES}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    try:
        facts = json.loads(done.stdout)
        found = {kind: list(facts[kind]) for kind in ("problems", "warnings")}
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise AnsibleFilterError(
            f"`broker config check` cannot run with {sys.executable}: {last}. "
            "Run bin/bootstrap in the checkout: it installs what this needs."
        ) from None
    return found


def _warning(sentence: str, instance: str, names: Mapping[str, str]) -> str:
    """In the operator's names, as ``_sentence`` does it."""
    where, _, rest = sentence.partition(": ")
    if where.startswith(instance):
        return _SECTION.sub(_setting, rest)
    for path, name in names.items():
        sentence = sentence.replace(path, name)
    return sentence


def _sentence(problem: Mapping[str, str | None], instance: str, names: Mapping[str, str]) -> str:
    """In the operator's names: of settings for ``instance``, of their own files for others."""
    where = problem["where"] or ""
    parts = {name: problem[name] or "" for name in ("message", "expected", "found", "remedy")}
    if where.startswith(instance):
        where = ""
        parts = {name: _SECTION.sub(_setting, text) for name, text in parts.items()}
        if ".env" in parts["remedy"]:  # of a variable: on a host it is a secret
            parts["remedy"] = "Add it to broker_secrets."
    for path, name in names.items():
        where = where.replace(path, name)
        parts = {key: text.replace(path, name) for key, text in parts.items()}
    text = f"{where}: {parts['message']}" if where else parts["message"]
    for name in ("expected", "found"):
        text += f"; {name} {parts[name]}" if parts[name] else ""
    return f"{text}. {parts['remedy']}" if parts["remedy"] else f"{text}."


# Sections of instance.yaml, where a message names one or a key in it, and what renders them.
_NAMES = {"sync": "broker_sync_engine"} | {
    name: f"broker_{name}"
    for name in (
        *("instance", "auth", "email", "server", "desktop", "telegram", "data_source", "sources"),
        *("users", "username_mapping", "datasets", "catalog", "access_classes", "profiles"),
    )
}
_SECTION = re.compile(rf"(?<![\w./])({'|'.join(_NAMES)})(?=[.:\[]|$| is )")


def _setting(found: re.Match[str]) -> str:
    return _NAMES[found[1]]


class FilterModule:
    """Names of the filters, as Ansible asks for them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Every public function here."""
        return {
            "class_groups": class_groups,
            "config_findings": config_findings,
            "credential_files": credential_files,
            "environment_problems": environment_problems,
            "metric_files": metric_files,
            "source_extras": source_extras,
            "url_passwords": url_passwords,
            "wheel_target": wheel_target,
        }
