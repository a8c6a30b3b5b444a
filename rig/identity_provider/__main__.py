"""``python -m rig.identity_provider``: the provider for one client, until SIGTERM or Ctrl-C.

Its settings are JSON on the standard input, as ``ProviderProcess`` takes them; its issuer is the
first line of its output.
"""

from __future__ import annotations

import json
import signal
import sys

from . import ProviderError, ProviderProcess

__all__ = ["main"]


def main() -> int:
    """Ends with 1 and one sentence where it does not start."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        provider = ProviderProcess(**json.load(sys.stdin))
    except ProviderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        sys.stdout.write(f"{provider.issuer}\n")
        sys.stdout.flush()
        signal.pause()
    except KeyboardInterrupt:
        return 0
    finally:
        provider.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
