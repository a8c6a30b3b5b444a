"""An account as the system has it, with a home of its own."""

from __future__ import annotations

import pwd
from pathlib import Path


def account(home: Path, name: str = "monitor", *, key: bool = False) -> pwd.struct_passwd:
    if key:
        (home / ".ssh").mkdir(parents=True)
        (home / ".ssh/authorized_keys").write_text("ssh-ed25519 AAAA\n")
    return pwd.struct_passwd((name, "x", 2000, 2000, "", str(home), "/bin/bash"))
