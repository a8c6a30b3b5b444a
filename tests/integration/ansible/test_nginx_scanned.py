"""A scanner of configurations finds nothing in what the role makes for nginx."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rig.venvs import locked_venv
from tests.unit.ansible.test_portal_templates import plugins, site

__all__ = ["plugins"]

NEEDS_OPENSSL_3_5 = "only exist in OpenSSL 3.5+"
MAIN = (
    "events {{}}\nhttp {{\n    default_type application/octet-stream;\n    include {place};\n}}\n"
)


def findings(folder: Path, text: str) -> list[str]:
    """The names of gixy's findings, also of those that it calls small."""
    place = folder / "site.conf"
    place.write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(place=place))
    gixy = locked_venv("scanners") / "bin" / "gixy"
    line = [str(gixy), "--format", "json", "-l", str(folder / "nginx.conf")]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return [
        f"{one['plugin']}: {one['reason'] or one['description']}" for one in json.loads(done.stdout)
    ]


@pytest.mark.parametrize("tls", ["self_signed", "files", "acme"])
@pytest.mark.parametrize("release", ["12", "13"])
def test_a_scanner_finds_nothing(tmp_path: Path, tls: str, release: str) -> None:
    facts = {"distribution_major_version": release}
    found = findings(tmp_path, site(nginx_tls=tls, ansible_facts=facts))
    # It cannot know that Debian 13 has OpenSSL 3.5; that nginx starts there is shown on a host.
    assert found == [] or (release == "13" and all(NEEDS_OPENSSL_3_5 in one for one in found))


def test_a_scanner_finds_what_is_broken_on_purpose(tmp_path: Path) -> None:
    text = site().replace("location / {", "location /brand { alias /opt/; }\n    location / {")
    assert any("alias_traversal" in one for one in findings(tmp_path, text))
