"""Keboola's own client in an environment of its own: what it pins is not what we install."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rig.venvs import locked_venv

__all__ = ["OfficialClient"]

# Reads calls as lines of JSON, answers each with one; what it writes by the way is not an answer.
SERVE = """
import functools, json, os, sys, traceback
from kbcstorage.client import Client
answers, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
client = Client(*sys.argv[1:])
for line in sys.stdin:
    call = json.loads(line)
    try:
        method = functools.reduce(getattr, call["path"], client)
        result = method(*call["args"], **call["more"]) if callable(method) else method
        answer = {"result": result}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer, default=str), file=answers, flush=True)
"""


class OfficialClient:
    """``client.tables.detail("x")`` is called over there, in ``folder/work``, and answered here."""

    def __init__(self, url: str, token: str, folder: Path) -> None:
        """Starts the client's own Python."""
        python = locked_venv("kbcstorage") / "bin" / "python"
        self._errors = (folder / "client.log").open("w+")
        (folder / "work").mkdir()
        self._process = subprocess.Popen(
            [str(python), "-I", "-c", SERVE, url, token],
            cwd=folder / "work",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> OfficialClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._errors.close()

    def __getattr__(self, name: str) -> _Path:
        return _Path(self, (name,))

    def ask(self, path: tuple[str, ...], *args: Any, **more: Any) -> Any:
        """Call a method, or read an attribute; an error over there is one here."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"path": path, "args": args, "more": more}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or "{}")
        if "result" not in answer:
            self._errors.seek(0)
            sys.stderr.write(self._errors.read() + answer.get("error", ""))
            raise RuntimeError(f"{'.'.join(path)} failed in Keboola's client")
        return answer["result"]


class _Path:
    def __init__(self, client: OfficialClient, names: tuple[str, ...]) -> None:
        self._client, self._names = client, names

    def __getattr__(self, name: str) -> _Path:
        return _Path(self._client, (*self._names, name))

    def __call__(self, *args: Any, **more: Any) -> Any:
        return self._client.ask(self._names, *args, **more)
