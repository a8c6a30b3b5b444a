#!/usr/bin/env bash
# Bring this folder to the broker's newest generation of data. Usage: see usage() below.
#
# Bash 3.2 and openrsync are what a Mac has, so this is plain POSIX shell plus `local`, and every
# rsync option stands in src/broker/workspace/rsync_options.txt; tests compare it with both.
set -eu

# With these of a person cd goes elsewhere and says so on stdout, and Python waits at its end or
# writes in another encoding.
unset CDPATH PYTHONINSPECT PYTHONIOENCODING

usage() {
    cat <<'TEXT'
Usage: bash server/scripts/sync_data.sh [HOST] [--push] [--quiet]

Pulls the newest generation from HOST, verifies it, makes it ./server/{parquet,docs,metadata},
and rebuilds the views in ./user/duckdb/analytics.duckdb.

  HOST     the broker, as ssh knows it (anna@broker.example.com, or a name of ~/.ssh/config), or
           a folder; remembered, so that it is needed once
  --push   send ./user/ back to the broker afterwards
  --quiet  say nothing unless something is not as it should be

Exit codes: 0 all is well, 1 failed (what you had is untouched), 2 wrong usage,
3 synced, but some tables are older than they should be, 75 another sync is running here.
TEXT
}

RETRIES=3

say() { [ -n "$quiet" ] || printf '%s\n' "$*"; }
fail() {
    printf 'sync_data: %s\n' "$*" >&2
    exit 1
}

read_arguments() {
    host='' push='' quiet=''
    while [ $# -gt 0 ]; do
        case $1 in
            --push) push=yes ;;
            --quiet) quiet=yes ;;
            -h | --help) usage && exit 0 ;;
            -*) usage >&2 && exit 2 ;;
            *) host=$1 ;;
        esac
        shift
    done
}

find_places() {
    root=$(cd "$(dirname "$0")/../.." && pwd -P)
    scripts=$root/server/scripts
    generations=$root/server/generations
    incoming=$generations/.incoming
    state=$root/.broker
    pinned=$state/allowed_signers
    log=$state/rsync.log
    mkdir -p "$generations" "$state" "$root/user/duckdb"
}

find_host() {
    if [ -n "$host" ]; then
        printf '%s\n' "$host" >"$state/host"
    elif [ -f "$state/host" ]; then
        host=$(cat "$state/host")
    else
        fail "which broker? Say it once: bash server/scripts/sync_data.sh YOU@HOST"
    fi
    case $host in
        */*) source=${host%/} ;;
        *) source=$host: ;;
    esac
    case $source in
        *:) ;;
        *) source=$source/ ;;
    esac
}

# The rest is Python: nothing here reads what a manifest says, or names a file as it does.
laptop() (cd "$scripts" && PYTHONSAFEPATH='' "$python" -B -m laptop "$@")
take_over() (cd "$scripts" && PYTHONSAFEPATH='' "$python" -B -m laptop.scripts "$@")

find_tools() {
    python=${BROKER_PYTHON:-}
    [ -n "$python" ] || python=$root/.venv/bin/python
    [ -x "$python" ] || python=$(command -v python3) ||
        fail "python3 is missing. Install it (on a Mac: xcode-select --install) and run this again."
    case $python in
        /*) ;;
        */*) python=$PWD/$python ;;
    esac
    command -v rsync >/dev/null || [ -d "$source" ] ||
        fail "rsync is missing. Install it (on Debian: sudo apt install rsync) and run this again."
    ssh="${RSYNC_RSH:-ssh} -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4"
    [ -t 0 ] || ssh="$ssh -o BatchMode=yes"
}

# Takes rsync's arguments. Only what a second try can mend is tried again, and 23 (some files were
# not transferred) and 24 (some vanished) are failures: half a generation is not published.
pull() {
    local attempt=1 code=0
    while :; do
        code=0
        transfer "$@" || code=$?
        case $code in
            0) return 0 ;;
            10 | 12 | 24 | 30 | 35 | 255) [ $attempt -lt $RETRIES ] || break ;;
            23) met_a_publish && [ $attempt -lt $RETRIES ] || break ;;
            *) break ;;
        esac
        ! refused || break
        say "the transfer broke off (rsync exit code $code), trying again"
        sleep $((attempt * 2))
        attempt=$((attempt + 1))
    done
    fail "$(explain $code)$(ended_certificate) $(complaint)"
}

# What rsync or the host wrote may hold anything, also what acts on a terminal.
complaint() { grep -v -e '^rsync error' -e '^Warning' "$state/rsync.err" | head -n 1 | laptop show; }

# rsync 3.5 follows links one by one, and fails where the broker replaces one of them meanwhile.
met_a_publish() {
    grep -q 'Too many levels of symbolic links (40)' "$state/rsync.err"
}

# sshd shuts out for a while the address from which refused keys come again and again.
refused() {
    grep -q -e 'Permission denied ([a-z]' -e 'Host key verification failed' "$state/rsync.err"
}

transfer() {
    if ! command -v rsync >/dev/null; then
        copy "$@" 2>"$state/rsync.err"
        return
    fi
    if [ -n "$quiet" ] || ! [ -t 1 ]; then
        rsync --rsh="$ssh" --stats "$@" >>"$log" 2>"$state/rsync.err"
        return
    fi
    { rsync --rsh="$ssh" --stats --progress "$@" 2>"$state/rsync.err" || echo $? >"$state/code"; } |
        tee -a "$log" | grep '%' | tr '\n' '\r' | LC_ALL=C tr -cd '\r\40-\176' || :
    [ ! -f "$state/code" ] || { set -- "$(cat "$state/code")" && rm "$state/code" && return "$1"; }
}

# Where the broker is a folder, rsync is a help and no need.
copy() {
    local delete=''
    while [ $# -gt 2 ]; do
        [ "$1" != --delete ] || delete=yes
        shift
    done
    [ -z "$delete" ] || rm -rf "${2:?}"
    mkdir -p "$2"
    case $1 in
        */) cp -Rp "$1." "$2" ;;
        *) cp -p "$1" "$2" ;;
    esac
}

# A refused key ends with ssh's 255 or with rsync's 12, as rsync happened to notice first.
explain() {
    if refused; then set -- 255; fi
    case $1 in
        255) echo "$host cannot be reached over ssh: check the network, the name and your key." ;;
        12 | 30 | 35) echo "the connection to $host broke off $RETRIES times; what has arrived is kept." ;;
        11) echo "this disk cannot be written to; is it full?" ;;
        *) echo "rsync could not fetch everything (exit code $1)." ;;
    esac
}

# A broker may take certificates, which end after some hours; ssh itself only says "denied".
ended_certificate() {
    local file until
    $ssh -G "${source%%:*}" 2>/dev/null |
        awk '$1 == "certificatefile" { print $2 } $1 == "identityfile" { print $2 "-cert.pub" }' |
        while read -r file; do
            case $file in \~/*) file=${HOME:-$(cd ~ && pwd)}/${file#??} ;; esac
            until=$(ssh-keygen -L -f "$file" 2>/dev/null | awk '$1 == "Valid:" { print $NF }')
            [ -z "$until" ] || ! expr "$until" \< "$(date +%Y-%m-%dT%H:%M:%S)" >/dev/null ||
                printf ' Your certificate %s ended at %s: ask for a new one.' "$file" "$until"
        done
}

# Beside those that run: a broker whose disk is not mounted shows empty folders, and one that is just
# being deployed half of a set. Those in use give way to a whole set alone, whose list is signed like
# the data: who can write the scripts of a broker, but not sign, has nothing run here.
update_scripts() {
    local part code=0 list=$state/offered-scripts/scripts/SHA256SUMS
    cp "$0" "$state/running"
    for part in scripts examples; do
        mkdir -p "$state/offered-scripts/$part"
        pull --recursive --times --delete --timeout=60 \
            "${source}server/$part/" "$state/offered-scripts/$part/"
    done
    if [ -f "$pinned" ] && [ -f "$list" ] && ! is_signed "$list"; then
        rm -rf "$state/offered-scripts"
        fail "the scripts that $host offers are not signed by $(fingerprint "$pinned"). Yours and your data stay" \
            "as they are. Run this again in a minute; if it says the same, ask the operator: if the key was" \
            "changed on purpose, remove .broker/allowed_signers and sync again."
    fi
    take_over "$state/offered-scripts" "$root/server" >"$state/wrong" || code=$?
    if [ $code -ne 0 ]; then
        rm -rf "$state/offered-scripts"
        [ $code -eq 4 ] || exit 1
        fail "$host does not offer a whole set of scripts ($(cat "$state/wrong")). Yours and your data stay as" \
            "they are. Run this again in a minute; if it says the same, tell the operator."
    fi
    if [ -z "${BROKER_UPDATED:-}" ] && ! cmp -s "$state/running" "$scripts/sync_data.sh"; then
        say "sync_data.sh has been updated, going on with the new one"
        BROKER_UPDATED=yes exec bash "$scripts/sync_data.sh" "$@"
    fi
}

# The kernel gives the lock up when this process and its rsync are gone, however they end. ssh does
# not hold it longer: it closes what it inherits.
lock() {
    exec 9>>"$state/busy"
    if ! "$python" -c "$LOCK"; then
        printf 'sync_data: another sync (process %s) is running in this folder.\n' "$(cat "$state/busy")" >&2
        exit 75
    fi
    echo $$ >"$state/busy"
    : >"$log"
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

LOCK='
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit(75)
except OSError:  # a file system that knows no locks
    pass
'

fetch_manifest() {
    mkdir -p "$state/offered"
    pull --ignore-times --timeout=60 "${source}server/generation/manifest.json" "$state/offered/"
    generation=$(laptop generation "$state/offered")
}

is_new() {
    ! cmp -s "$state/offered/manifest.json" "$root/server/current/manifest.json" ||
        ! laptop sizes "$root/server/current" 2>/dev/null
}

fetch_generation() {
    local basis=$1
    laptop plan "$state/offered" "$basis" >"$state/plan"
    say "$(cat "$state/plan")"
    mkdir -p "$incoming"
    open_folders
    rm -f "$incoming/manifest.json" "$incoming/manifest.json.sig"
    pull --recursive --times --delete --partial-dir=.partial --timeout=60 --link-dest="$basis" \
        "${source}server/generation/" "$incoming/"
    open_folders
}

# The modes of folders are the broker's; without these bits nothing in one can be removed again.
open_folders() { find "$incoming" -type d ! -perm -700 -exec chmod u+rwx {} \;; }

# The signature of a file stands beside it.
is_signed() {
    local signer
    signer=$(ssh-keygen -Y find-principals -f "$pinned" -s "$1.sig" 2>/dev/null || :)
    ssh-keygen -Y verify -f "$pinned" -I "$signer" -n data-broker -s "$1.sig" <"$1" >/dev/null 2>&1
}

check_signature() {
    if [ ! -f "$pinned" ] && [ ! -f "$scripts/allowed_signers" ]; then
        [ ! -f "$incoming/manifest.json.sig" ] ||
            fail "$host signs its data but offers no server/scripts/allowed_signers. Tell its operator."
        signed=', not signed'
        return
    fi
    signed=', signed'
    if [ ! -f "$pinned" ]; then
        cp "$scripts/allowed_signers" "$pinned.arriving"
        mv "$pinned.arriving" "$pinned"
        say "first contact: data must be signed by $(fingerprint "$pinned") from now on"
    fi
    [ -f "$incoming/manifest.json.sig" ] || fail "the data of $host is not signed any more. Tell its operator."
    is_signed "$incoming/manifest.json" ||
        fail "the signature of generation $generation was not made by $(fingerprint "$pinned"). Ask the operator" \
            "of $host; if the key was changed on purpose, remove .broker/allowed_signers and sync again."
}

fingerprint() {
    awk '{ for (i = 1; i < NF; i++) if ($i ~ /^(ssh|ecdsa|sk)-/) print $i, $(i + 1) }' "$1" >"$state/keys"
    ssh-keygen -lf "$state/keys" | awk '{ print $2 }' | tr '\n' ' ' | sed 's/ $//'
}

# Each pull may bring another manifest than the one before: another generation, or another's word.
believe() {
    generation=$(laptop generation "$incoming")
    check_signature
}

# A file that is wrong may have been linked from a local file that was changed: fetch those anew.
check_files() {
    local code=0
    laptop mend "$incoming" || code=$?
    [ $code -ne 0 ] || return 0
    [ $code -eq 4 ] || exit 1
    pull --recursive --times --delete --partial-dir=.partial --timeout=60 \
        "${source}server/generation/" "$incoming/"
    open_folders
    believe
    code=0
    laptop files "$incoming" >"$state/wrong" || code=$?
    [ $code -ne 4 ] || fail "what $host sent is not what its manifest says ($(cat "$state/wrong"))." \
        "Nothing was changed here. Tell its operator."
    [ $code -eq 0 ] || exit 1
}

# rsync takes equal size and second for equal content, which two manifests or signatures may
# have, and nothing lists their hashes: an impossible time keeps them from being taken over.
# A generation comes again under its name where rights have changed. What is here stays whole until
# prune, so it gets a folder of its own: no generation has a "+" in its name.
switch() {
    touch -t 197101010000 "$incoming/manifest.json"*
    find "$incoming" -type f -exec chmod a-w {} +
    place=$generation
    while [ -e "$generations/$place" ]; do place=$place+; done
    mv "$incoming" "$generations/$place"
    rm -rf "$state/links" && mkdir "$state/links"
    ln -s "generations/$place" "$state/links/current"
    for name in parquet docs metadata; do
        ln -s "current/$name" "$state/links/$name"
    done
    "$python" -c "$REPLACE" "$state/links" "$root/server" current parquet docs metadata
    rm -rf "$state/links"
}

# mv cannot replace a link to a folder the same way on Linux and on a Mac; rename(2) can. A folder
# that stands in the place of a link is what a plain rsync brought.
REPLACE='
import os, sys
links, server, *names = sys.argv[1:]
for name in names:
    path = os.path.join(server, name)
    if os.path.isdir(path) and not os.path.islink(path):
        os.rename(path, os.path.join(links, name + ".old"))
    os.replace(os.path.join(links, name), path)
'

rebuild_views() {
    laptop views "$root/server/current" "$root/user/duckdb/analytics.duckdb" ||
        fail "the data is that of generation $generation, but the views are not."
    laptop instructions "$root/server/current" >"$state/CLAUDE.md"
    mv "$state/CLAUDE.md" "$root/server/CLAUDE.md"
    [ -e "$root/CLAUDE.md" ] || echo '@server/CLAUDE.md' >"$root/CLAUDE.md"
    echo "$place" >"$state/views"
}

# Those before stay: readers with their views open read on.
prune() {
    local path
    for path in "$generations"/*; do
        case $path in
            "$generations/$place" | "$generations/$before" | "$generations/$shown") ;;
            *) rm -rf "$path" ;;
        esac
    done
}

push_user() {
    pull --recursive --links --times --timeout=60 --exclude=/duckdb/analytics.duckdb* \
        "$root/user/" "${source}user/"
    say "sent user/ to $host"
}

bytes_moved() {
    awk '/[Tt]otal bytes (received|sent):/ { gsub(/[^0-9]/, "", $0); moved += $0 }
        END { printf "%.1f MB", moved / 1000000 }' "$log"
}

main() {
    read_arguments "$@"
    find_places
    find_host
    find_tools
    started=$(date +%s)
    lock
    update_scripts "$@"
    fetch_manifest
    signed=''
    before=$(basename "$(readlink "$root/server/current" || echo none)")
    shown=$(cat "$state/views" 2>/dev/null || echo none)
    place=$before
    if is_new; then
        if [ "$before" = none ]; then basis=$root/server; else basis=$generations/$before; fi
        fetch_generation "$basis"
        believe
        check_files
        switch
    fi
    if [ "$shown" != "$place" ] || [ ! -f "$root/user/duckdb/analytics.duckdb" ]; then
        rebuild_views
    fi
    prune
    [ -z "$push" ] || push_user
    code=0
    summary=$(laptop summary "$root/server/current" 2>"$state/stale") || code=$?
    say "generation $generation: $summary$signed, $(bytes_moved) moved in $(($(date +%s) - started)) s"
    cat "$state/stale" >&2
    return $code
}

main "$@"
exit
