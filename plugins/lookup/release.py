"""The release that this source tree makes: a wheel, and the name of what would be installed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: release
short_description: Builds the wheel of this repository and names the release
description:
  - Builds C(src/broker) into a wheel with the pinned build backend, in the Python environment that
    runs Ansible, into C(.cache/releases/) of this repository.
  - Terms are names of extras, such as C(bigquery), whose locked packages come on top.
  - The same source tree gives the same bytes, so the same release on every controller.
"""

RETURN = """
_raw:
  description: One dictionary.
  type: list
  elements: dict
  contains:
    id:
      description: Hash of the locked dependencies, of the wheel and of what installs them.
      type: str
    commit:
      description: >-
        Which commit of the checkout it is, with C(-dirty) where files differ; empty where the tree
        is not a checkout.
      type: str
    folder:
      description: >-
        Folder on the controller with the wheel, C(requirements.txt), which names it and all its
        dependencies, each by its hash, C(install_locked.py), which installs exactly those,
        C(pip.txt), which names the pip that it does so with, C(laptop/) with what analysts
        fetch, and C(laptop_wheels.py), which fetches the wheels that laptops install.
      type: str
"""

ROOT = Path(__file__).resolve().parents[2]


def release(root: Path, extras: Sequence[str] = ()) -> dict[str, str]:
    """Build the wheel of ``root`` and keep it under the name of its release."""
    cache = root / ".cache" / "releases"
    with _scratch(cache) as scratch:
        folder = Path(scratch, "release")
        built = build_wheel(root, folder)
        lock = locked(root / "requirements", extras)
        lock += f"./{built.name} --hash=sha256:{hashlib.sha256(built.read_bytes()).hexdigest()}\n"
        (folder / "requirements.txt").write_text(lock)
        digest = hashlib.sha256(lock.encode())
        for path in (*_programs(root), root / "requirements" / "pip.txt"):
            shutil.copy(path, folder)
            digest.update(path.read_bytes())
        digest.update(gather_for_laptops(root, folder, built))
        name = digest.hexdigest()[:16]
        keep(folder, cache / name)
    return {"id": name, "folder": str(cache / name), "commit": commit(root)}


def _programs(root: Path) -> tuple[Path, ...]:
    """What a host runs of ``bin/``."""
    return tuple(root / "bin" / name for name in ("install_locked.py", "laptop_wheels.py"))


def gather_for_laptops(root: Path, folder: Path, wheel: Path) -> bytes:
    """Have in ``folder/laptop`` what laptops fetch; returns the list of it with hashes."""
    target = folder / "laptop"
    target.mkdir()
    command = [sys.executable, str(root / "bin" / "laptop_set.py"), str(target), str(wheel)]
    subprocess.run(command, check=True)
    return (target / "SHA256SUMS").read_bytes()


def _scratch(cache: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=cache)
    except OSError as error:
        raise AnsibleLookupError(
            f"The release of this checkout cannot be built: {cache} on this machine: "
            f"{error.strerror}. Nothing was changed. Deploy from a checkout that you may write to."
        ) from error


def commit(root: Path) -> str:
    """The commit of a checkout, with ``-dirty`` where files differ from it; else nothing.

    A folder in the checkout of something else is not one. Nor does it matter who owns it, or in
    which checkout the hook runs that deploys: its code is about to be installed in any case.
    """
    command = ["git", "-C", str(root), "-c", "safe.directory=*"]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    lines = []
    for words in ("rev-parse --show-toplevel", "rev-parse --short=12 HEAD", "status --porcelain"):
        try:
            done = subprocess.run(
                [*command, *words.split()],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            )
        except (OSError, subprocess.CalledProcessError):
            return ""
        lines.append(done.stdout.strip())
    top, name, differing = lines
    if not root.samefile(top):
        return ""
    return f"{name}-dirty" if differing else name


def locked(folder: Path, extras: Sequence[str]) -> str:
    """The packages of the broker and of the extras, each once: ``bin/lock`` makes them agree."""
    texts = [(folder / f"{name}.txt").read_text() for name in ("broker", *extras)]
    entries = [entry for text in texts for entry in re.split(r"\n(?=\S)", text.strip())]
    return "\n".join(dict.fromkeys(entries)) + "\n"


def keep(folder: Path, place: Path) -> None:
    """Move a release to its place, whole, unless a deploy beside this one was first."""
    try:
        folder.rename(place)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise


def build_wheel(root: Path, folder: Path) -> Path:
    """Run the build backend; raises ``AnsibleLookupError`` with its own last words."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    done = subprocess.run(
        [*command, "--directory", str(folder)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = f"{done.stdout}\n{done.stderr}".strip().splitlines() or ["no output"]
        reason = next((line for line in reversed(lines) if "Error: " in line), lines[-1])
        raise AnsibleLookupError(
            f"The wheel of {root} cannot be built: {reason}. "
            f"Run bin/bootstrap in {root}: it installs the tools that this needs."
        )
    return next(folder.glob("*.whl"))


class LookupModule(LookupBase):
    """``lookup('release', 'bigquery')``: terms are extras."""

    def run(self, terms: list[str], *_: Any, **__: Any) -> list[dict[str, str]]:
        """One dictionary: ``id`` and ``folder``."""
        return [release(ROOT, sorted(terms))]
