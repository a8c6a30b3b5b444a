#!/usr/bin/env bash
# Check the files that a plain rsync brought into server/, without the program: the pinned key signed
# the manifest, and every file is the one that the manifest lists. Usage: bash server/scripts/check_files.sh
set -eu
unset CDPATH
cd "$(dirname "$0")/../.."

refuse() {
    printf 'broker: %s\n' "$*" >&2
    exit 1
}

# From the manifest as the broker writes it: one field per line, the path of a file before its hash.
list_files() {
    awk '/^ *"path": "/ { sub(/^ *"path": "/, ""); sub(/",?$/, ""); gsub(/\\"/, "\""); path = $0 }
         /^ *"sha256": "/ { sub(/^ *"sha256": "/, ""); sub(/",?$/, ""); print $0 "  " path }' manifest.json
}

check_files() {
    list_files | $sum -c - 2>/dev/null
}

[ -f server/manifest.json ] || refuse 'server/manifest.json is missing: no plain rsync of server/generation/ came here.'
ssh-keygen -Y verify -f .broker/allowed_signers -I data-broker -n data-broker -s server/manifest.json.sig \
    <server/manifest.json >/dev/null 2>&1 ||
    refuse 'the manifest in server/ is not signed by the key that this folder knows. Do not use these files.'
sum='sha256sum'
command -v sha256sum >/dev/null || sum='shasum -a 256'
cd server
check_files >/dev/null || {
    check_files | grep -v ': OK$' | LC_ALL=C tr -dc '[:print:]\n' | head -n 5 >&2
    refuse 'files in server/ are not those that were signed. Run the rsync again; if it stays so, tell the operator.'
}
printf 'broker: %s files are as they were signed\n' "$(list_files | wc -l | tr -d ' ')"
