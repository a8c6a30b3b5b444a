#!/usr/bin/env bash
# Bring this folder to the broker's newest generation of data: bash server/scripts/sync_data.sh --help
# A release before this one starts it with its own lock, which would be in the way.
exec 9>&-
exec bash "$(dirname "$0")/broker.sh" sync "$@"
