"""Where data lie on the host is for operators: no view and no catalog of analysts says it."""

from __future__ import annotations

import json
from collections.abc import Callable

from .conftest import Instance

DESCRIPTION = """```yaml
tables:
  - id: s.t
    primary_key: id
    types: {id: BIGINT}
  - id: s.broken
    primary_key: id
    types: {id: BIGINT}
  - id: s.gone
```
"""


def test_no_error_warning_or_issue_says_a_place_to_analysts(
    described: Callable[[str], Instance],
) -> None:
    instance = described(DESCRIPTION)
    fits = "".join(f"{number},x\n" for number in range(20))
    instance.csv("t", f"id,v\n{fits}a,b\nid,v\n")
    instance.csv("broken", "id,v\n1\n2,3,4\n")
    report = instance.sync()
    assert report["exit_code"] == 1
    place = str(instance.root)
    errors = {one["table"]: one["error"] for one in report["tables"]}
    assert place in errors["s/gone"]
    assert report["tables"][0]["issues"]
    views = [*(instance.data / "current" / "views").rglob("*.*")]
    catalogs = [*(instance.data / "catalog").glob("*/views/**/*.json")]
    assert views
    assert catalogs
    assert [path for path in views + catalogs if place.encode() in path.read_bytes()] == []
    manifest = instance.data / "current" / "views" / "tree" / "manifest.json"
    tables = json.loads(manifest.read_bytes())["tables"]
    assert {one["path"]: one["status"] for one in tables}["s/broken"] == "failed"
    assert place in (instance.data / "current" / "manifest.json").read_text()
    verified = instance.here("verify")
    assert verified.returncode == 0, verified.stdout
