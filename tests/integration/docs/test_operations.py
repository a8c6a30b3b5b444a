"""The commands of ``docs/operations.md`` in a checkout of their own, up to where a host begins.

What they do on a host is shown where hosts are booted: ``tests/system``.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented import ROOT, documented

ANSIBLE = Path(sys.executable).parent
STUB = f'#!/bin/sh\nexec {ANSIBLE}/ansible-playbook "$@" --syntax-check\n'


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, with an inventory that was copied as the page says."""
    folder = tmp_path_factory.mktemp("operator")
    clone = folder / "checkout"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    (folder / "bin").mkdir()
    for name, text in (("ansible-playbook", STUB), ("edit", '#!/bin/sh\necho "a: b" > "$1"\n')):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    (folder / "password").write_text("only a test\n")
    _type(clone, documented("operations-copy"))
    return clone


def _type(checkout: Path, commands: list[str]) -> str:
    """Type commands at the root of the checkout; returns what they said."""
    folder = checkout.parent
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=checkout,
        env={
            **os.environ,
            "PATH": f"{folder / 'bin'}:{ANSIBLE}:{os.environ['PATH']}",
            "EDITOR": str(folder / "bin/edit"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(folder / "password"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_deploy_and_the_care_of_analysts_are_plays_of_this_inventory(checkout: Path) -> None:
    output = _type(checkout, [*documented("operations-deploy"), *documented("operations-analysts")])
    assert output.split() == ["playbook:", "site.yml", *["playbook:", "add_analyst.yml"] * 2]


def test_an_upgrade_takes_what_is_new_and_deploys_it(checkout: Path) -> None:
    output = _type(checkout, documented("operations-upgrade"))
    assert "Already up to date." in output
    assert output.endswith("playbook: site.yml\n")


def test_secrets_are_encrypted_where_the_page_keeps_them(checkout: Path) -> None:
    path = "inventories/mine/group_vars/all/vault.yml"
    for command in documented("operations-vault"):  # which opens an editor on a terminal alone
        _type(checkout, [f"script -qec {shlex.quote(command)} /dev/null"])
    assert (checkout / path).read_text().startswith("$ANSIBLE_VAULT;")
    assert _type(checkout, [f"ansible-vault view {path}"]) == "a: b\n"
