"""The bundle as its files say it: roles, settings, and a way to start a play."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
GROUP_VARS = sorted((ROOT / "group_vars" / "all").glob("*.yml"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.yml"), *(ROOT / "playbooks").glob("*.yml")]
)


@dataclass(frozen=True)
class Variable:
    """A variable of a YAML file with the comment that stands above it."""

    name: str
    default: Any
    comment: str


def load(path: Path) -> Any:
    """A YAML file; nothing where there is none."""
    return yaml.safe_load(path.read_text()) if path.exists() else None


def variables(path: Path) -> list[Variable]:
    """The top-level variables of a file, each with the comment block directly above it."""
    values = load(path)
    found = []
    comment: list[str] = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            comment.append(line.removeprefix("#").strip())
            continue
        key = re.match(r"(\w+):", line)
        if key:
            found.append(Variable(key[1], values[key[1]], " ".join(comment)))
        comment = []
    return found


def defaults(role: str) -> dict[str, Any]:
    """What a role's ``defaults/main.yml`` says."""
    return load(ROOT / "roles" / role / "defaults" / "main.yml")


def entry_points(role: str) -> dict[str, Any]:
    """What a role's ``meta/argument_specs.yml`` says, by entry point."""
    return load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]


def task_files(role: str) -> list[Path]:
    """Tasks and handlers of a role."""
    folder = ROOT / "roles" / role
    return sorted([*folder.glob("tasks/*.yml"), *folder.glob("handlers/*.yml")])


def leaf_tasks(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tasks that do something themselves, those inside of blocks included."""
    found = []
    for task in tasks:
        inner = [one for part in ("block", "rescue", "always") for one in task.get(part, [])]
        found += leaf_tasks(inner) if inner else [task]
    return found


def plugin(path: str) -> ModuleType:
    """A plugin of Ansible's as a module, by its path below ``plugins/``."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / "plugins" / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def ansible_playbook(*arguments: str, root: Path = ROOT, **environ: str) -> tuple[int, str]:
    """Start a play as an operator does, from the repository root; its exit code and its words."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    environment |= {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(root / "ansible.cfg"), **environ}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), *arguments]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr
