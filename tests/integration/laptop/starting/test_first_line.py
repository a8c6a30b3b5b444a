"""What the line of a first contact runs: what was signed to be run, and nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from broker.accounts.records.first_contact import first_contact
from broker.manifest.signature import FOR_DATA, FOR_SCRIPTS
from broker.publish.sign import Signer

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDj5AcjnRZPZWOQ8DGG/QuPX5KTboTzZtSnPqzPGufOK"
# A manifest is JSON with texts of sources, and a shell runs what it takes for commands in it.
MANIFEST = b"""{
 "generation": "2026-11-01T120000Z-0000",
 "tables": [
  {
   "description": "all $(touch $TRACE) orders"
  }
 ]
}
"""


@pytest.mark.parametrize(("namespace", "is_run"), [(FOR_SCRIPTS, True), (FOR_DATA, False)])
def test_what_was_signed_as_data_is_not_run_as_a_script(
    tmp_path: Path, namespace: str, *, is_run: bool
) -> None:
    signer = Signer.own(tmp_path / "keys")
    signer.export(tmp_path / "signers")
    offered, tools = tmp_path / "offered", tmp_path / "tools"
    offered.mkdir()
    tools.mkdir()
    (offered / "start.sh").write_bytes(MANIFEST)
    (offered / "start.sh.sig").write_bytes(signer.sign(MANIFEST, namespace=namespace))
    (tools / "sftp").write_text(f"#!/bin/sh\ncp '{offered}'/start.sh* .\n")
    (tools / "sftp").chmod(0o755)
    lines = first_contact("anna@nowhere", 22, HOST_KEY, (tmp_path / "signers").read_text())
    line = "\n".join(lines[next(at for at, one in enumerate(lines) if one.startswith("(h=")) :])
    trace = tmp_path / "trace"
    subprocess.run(
        ["sh", "-c", line],
        env={
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "TRACE": str(trace),
        },
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert trace.exists() is is_run
