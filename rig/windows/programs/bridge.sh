#!/bin/sh
# Run for bridge.c: the folder has the arguments of Windows, one a line, the program's name first.
state=$1
prefix=${WINEPREFIX:-$HOME/.wine}
PATH=${BRIDGE_PATH:-/usr/bin:/bin}
export PATH
set --
while IFS= read -r word; do
    case $word in
        [Zz]:*) word=$(printf '%s' "${word#??}" | tr '\134' /) ;;
        [Cc]:*) word=$prefix/drive_c$(printf '%s' "${word#??}" | tr '\134' /) ;;
    esac
    set -- "$@" "$word"
done <"$state/args"
program=$(basename "$1" .exe)
shift
"$program" "$@" <"$state/in" >"$state/out" 2>"$state/err"
echo $? >"$state/code.new"
mv "$state/code.new" "$state/code"
