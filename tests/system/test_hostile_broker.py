"""A source and a service account that are hostile, on a booted broker, and who reads from it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .deploy import Broker
from .test_transport import PIN, Desk, laptop

pytestmark = pytest.mark.system

COLUMN = r"[/y]\033]0;owned\007"
DELIVER = "printf 'city_id,name{more}\\n1,Brno{more}\\n' >/data/input/cities.csv"
# What the service account can do to what analysts read: change it, and sign it with its own key.
FORGE = """
import json, pathlib, subprocess, sys
for path in pathlib.Path("/data/src_data/current/views").resolve().rglob("manifest.json"):
    original = pathlib.Path("/run", str(path).replace("/", "_"))
    if not original.exists():
        original.write_bytes(path.read_bytes())
    manifest = json.loads(original.read_bytes())
    for table in manifest["tables"]:
        exec(sys.argv[1])
    path.write_text(json.dumps(manifest))
    path.with_name("manifest.json.sig").unlink()
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-f", "/etc/data-broker/signing_key"]
    subprocess.run([*sign, "-n", "data-broker", str(path)], check=True)
    subprocess.run(["chgrp", f"--reference={path}", f"{path}.sig"], check=True)
    subprocess.run(["chmod", f"--reference={path}", f"{path}.sig"], check=True)
"""
ATTACKS = (
    "table['files'] = []; table['schema']['columns'][0]['type'] = "
    "\"INTEGER); COPY (SELECT 1) TO 'owned'; --\"",
    "table['files'][0]['path'] = 'parquet/../../../../victim'",
    "table['name'] = '\\x1b]0;owned\\x07'",
    "table['rows'] = float('nan')",
)


def sync(desk: Desk) -> tuple[int, str]:
    """How a sync ends, and all that it wrote, line by line fit for a terminal."""
    command = f"BROKER_PYTHON={sys.executable} bash server/scripts/sync_data.sh HOST"
    done = desk.type(command)
    output = done.stdout + done.stderr
    assert all(line.isprintable() for line in output.split("\n")), output
    assert "Traceback" not in output
    return done.returncode, output


def test_neither_reaches_a_terminal_or_runs_anything(deployed: Broker, tmp_path: Path) -> None:
    host = deployed.host
    for more in ("", f",{COLUMN}"):
        host.run(DELIVER.format(more=more))
        host.run("systemctl start broker-sync.service")
    status = host.run("broker status --data /data/src_data").stdout
    journal = host.run("journalctl --all --output=cat --unit=broker-sync.service").stdout
    assert r"[/y]\x1b]0;owned\x07" in status
    assert all(line.isprintable() for line in (status + journal).split("\n"))

    ann = laptop(deployed, tmp_path, "ann")
    public = ann.key.with_name(f"{ann.key.name}.pub").read_text()
    host.exec("add-analyst", "ann", public)
    assert ann.type(PIN).stderr == ""
    code, output = sync(ann)
    assert code == 0, output
    assert (ann.folder / "AGENTS.md").read_text().replace("\n", " ").isprintable()

    victim = ann.folder / "victim"
    victim.write_text("mine\n")
    for attack in ATTACKS:
        host.exec("python3", "-c", FORGE, attack)
        code, output = sync(ann)
        assert code == 1, attack
        assert "the manifest cannot be used" in output
        assert victim.read_text() == "mine\n"
        assert not [*ann.folder.rglob("owned")]
