"""A server of MCP with one tool, for tests of how agents start the one of the broker."""

from __future__ import annotations

import json
import sys

TOOL = {"name": "query", "description": "Ask the data.", "inputSchema": {"type": "object"}}


def main() -> None:
    for line in sys.stdin:
        call = json.loads(line)
        if "id" not in call:
            continue
        version = call.get("params", {}).get("protocolVersion")
        results = {
            "initialize": {
                "protocolVersion": version,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "broker", "version": "1"},
            },
            "tools/list": {"tools": [TOOL]},
            "tools/call": {"content": [{"type": "text", "text": "42 rows"}]},
        }
        result = results.get(call["method"], {})
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}) + "\n")
        sys.stdout.flush()


main()
