"""The commands by which a deploy makes the key to sign with, cut off anywhere in between."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.ansible.bundle import ROOT, load

VARIABLES = load(ROOT / "roles/app/vars/main.yml")
# As the real one does: it opens the file, and would write it then.
CUT_OFF = """#!/bin/sh
for file; do :; done
echo half > "$file"
kill -9 $PPID
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc"


def make(place: Path, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    script = (VARIABLES["_app_make_key"] + VARIABLES["_app_show_key"]).replace(
        "/etc/data-broker", str(place)
    )
    return subprocess.run(
        ["sh", "-ec", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_key_that_was_cut_off_is_no_key_and_the_next_deploy_makes_one(
    place: Path, tmp_path: Path
) -> None:
    cut_off = tmp_path / "bin/ssh-keygen"
    cut_off.parent.mkdir()
    cut_off.write_text(CUT_OFF)
    cut_off.chmod(0o755)
    assert make(place, f"{cut_off.parent}:{os.environ['PATH']}").returncode == -9
    assert not (place / "signing_key").exists()
    made = make(place)
    assert made.returncode == 0, made.stderr
    word, public = made.stdout.splitlines()
    assert word == "made"
    assert (place / "signing_key.pub").read_text().strip() == public
    modes = {path.name: path.stat().st_mode & 0o777 for path in place.iterdir()}
    assert modes == {"signing_key": 0o600, "signing_key.pub": 0o644}
    assert make(place).stdout.splitlines() == [public]


def sign(
    content: str, signature: Path, *keys: Path, script: str = VARIABLES["_app_sign"]
) -> subprocess.CompletedProcess[str]:
    line = ["sh", "-ec", script, "sh", str(signature), *map(str, keys)]
    return subprocess.run(line, input=content, capture_output=True, text=True, check=False)


def new_key(place: Path, kind: str) -> Path:
    line = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(place)]
    subprocess.run(line, check=True)
    return place


def is_signed(content: str, signature: Path, key: Path) -> bool:
    signers = signature.with_name("signers")
    signers.write_text(f"data-broker {key.with_suffix('.pub').read_text()}")
    line = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", "data-broker"]
    line += ["-n", "data-broker-scripts", "-s", signature]
    done = subprocess.run(line, input=content.encode(), check=False)
    return done.returncode == 0


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519"])
def test_a_deploy_signs_anew_only_what_changed_or_with_another_key(place: Path, kind: str) -> None:
    """ECDSA signs the same with other bytes each time, which was a change at each deploy."""
    key, other = new_key(place / "key", kind), new_key(place / "other", kind)
    signature = place / "list.sig"
    first = sign("one\n", signature, key)
    assert first.returncode == 0, first.stderr
    signature.write_text(first.stdout)
    assert is_signed("one\n", signature, key)
    assert sign("one\n", signature, key).stdout == first.stdout
    for content, signer in (("two\n", key), ("two\n", other), ("one\n", key)):
        before = signature.read_text()
        signature.write_text(sign(content, signature, signer).stdout)
        assert signature.read_text() != before
        assert is_signed(content, signature, signer)
    signature.write_text("damaged\n")
    signature.write_text(sign("one\n", signature, key).stdout)
    assert is_signed("one\n", signature, key)


def test_the_key_of_before_signs_where_there_is_one_and_no_key_is_a_failure(place: Path) -> None:
    key, before = new_key(place / "key", "ed25519"), place / "key.before"
    signature = place / "signers.sig"
    signature.write_text(sign("one\n", signature, before, key).stdout)
    assert is_signed("one\n", signature, key)
    new_key(before, "ed25519")
    signature.write_text(sign("one\n", signature, before, key).stdout)
    signed_by = before.with_name("before.pub")
    before.with_name("key.before.pub").rename(signed_by)
    assert is_signed("one\n", signature, place / "before")
    ended = sign("one\n", signature, place / "none")
    assert (ended.returncode != 0, ended.stdout) == (True, "")


def test_only_names_of_the_set_before_that_are_not_in_this_one_are_removed(place: Path) -> None:
    """A list that another account wrote must not choose what root removes."""
    release, offered = place / "release", place / "offered"
    for folder in (release, offered / "scripts"):
        folder.mkdir(parents=True)
    (release / "SHA256SUMS").write_text("00  scripts/kept.sh\n00  examples/new.py\n")
    script = VARIABLES["_app_list_gone"]
    script = script.replace("/opt/data-broker/current/laptop", str(release))
    script = script.replace("/data/scripts", str(offered / "scripts"))
    assert sign("", place, script=script).stdout == ""  # before the first deploy
    hostile = ["../etc/passwd", "scripts/../../etc/passwd", "/etc/passwd", "scripts/", "scripts/.x"]
    hostile += ["scripts/a/b", "other/x", "scripts/-rf", "scripts/made"]
    names = ["scripts/kept.sh", "scripts/gone.sh", "examples/old_1.0+x.py", *hostile]
    (offered / "scripts/SHA256SUMS").write_text("".join(f"00  {name}\n" for name in names))
    ended = sign("", place, script=script)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["scripts/gone.sh", "examples/old_1.0+x.py"]
