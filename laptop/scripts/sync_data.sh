#!/usr/bin/env bash
# Bring this folder to the broker's newest generation of data: bash server/scripts/sync_data.sh --help
BROKER_CALLED='bash server/scripts/sync_data.sh' exec bash "$(dirname "$0")/broker.sh" sync "$@"
