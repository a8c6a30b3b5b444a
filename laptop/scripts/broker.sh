#!/usr/bin/env bash
# Start the program of this folder, with a Python that has what it needs: bash server/scripts/broker.sh --help
set -eu
# With these of a person cd goes elsewhere, and Python waits at its end or imports what lies about.
unset CDPATH PYTHONINSPECT PYTHONPATH PYTHONHOME
# By the name that it has here: server may be a link to another disk.
scripts=$(cd "$(dirname "$0")" && pwd -L)
python=${BROKER_PYTHON:-}
[ -n "$python" ] || python=$(command -v python3) || {
    cat >&2 <<TEXT
broker: python3 is missing. Install it (on a Mac: xcode-select --install) and run this again.
Until then, in ${scripts%/server/scripts}:
  rsync -a -e 'ssh -F .broker/ssh_config' YOU@HOST:server/generation/ server/
  bash server/scripts/check_files.sh
  duckdb -init server/docs/views.sql
The first brings the files; only the second checks their signature.
TEXT
    exit 1
}
exec "$python" -I -B "$scripts/bootstrap.py" "$@"
