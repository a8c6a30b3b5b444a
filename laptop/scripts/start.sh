#!/bin/sh
# A first contact, from the line that the operator hands out. It has verified this file, and stands in
# a folder of its own with known_hosts (the key of the host) and allowed_signers (who signs for it).
# Usage: sh start.sh YOU@HOST FOLDER [PORT]
set -eu
unset CDPATH

brought=$(pwd -P)
host=$1
wanted=$2
port=${3:-22}

refuse() {
    printf 'broker: %s\n' "$*" >&2
    exit 1
}

# Everything of a broker lives in its folder, which nothing else may share.
find_folder() {
    made=''
    [ -e "$wanted" ] || made=yes
    mkdir -p "$wanted"
    folder=$(cd "$wanted" && pwd -P)
    home=$(cd && pwd -P)
    case $folder in
        / | "$home" | /home | /Users | /root | /tmp | /private/tmp | /etc | /etc/* | /usr | /usr/* | /bin | /sbin | \
            /lib* | /boot* | /dev* | /proc* | /sys | /sys/* | /run | /var | /opt | /System* | /Library* | /Applications*)
            [ -z "$made" ] || rmdir "$folder"
            refuse "$folder is no place for data. Name a new folder at the end of the line."
            ;;
    esac
    if [ -d "$folder/.broker" ]; then
        known=$(cat "$folder/.broker/host" 2>/dev/null || echo "$host")
        [ "$known" = "$host" ] || refuse "$folder belongs to $known. Name another folder at the end of the line."
    elif [ -n "$(ls -A "$folder")" ]; then
        refuse "$folder has other files in it. Name a new folder at the end of the line."
    fi
}

pin_keys() {
    mkdir -p .broker server
    for name in known_hosts allowed_signers; do
        cp "$brought/$name" ".broker/$name.arriving"
        mv ".broker/$name.arriving" ".broker/$name"
    done
    [ -f .broker/ssh_config ] || ssh_config >.broker/ssh_config
}

# Paths from the folder itself. Yours may say more: which key, which way through another host, whose
# key is not pinned here.
ssh_config() {
    cat <<TEXT
# How this folder reaches its broker. The first setting of a kind counts: put yours on top,
# such as: IdentityFile ~/.ssh/id_ed25519
Host ${host#*@}
$(identities)
  HostKeyAlias data-broker
  UserKnownHostsFile .broker/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  UpdateHostKeys no
  Port $port
Host *
  Include ~/.ssh/config
  Include /etc/ssh/ssh_config
$(ciphers)
TEXT
}

# Last, so whatever else names ciphers counts: with a processor that knows AES this one takes half of the work.
ciphers() {
    if [ "$(uname)" = Darwin ] || grep -qw aes /proc/cpuinfo 2>/dev/null; then
        echo '  Ciphers ^aes256-gcm@openssh.com'
    fi
}

# The line has the keys that the broker knows. Of those that are here, a file's or an agent's, each is offered
# and no other: a host counts wrong ones. Where none of them is found, ssh offers what it always does.
identities() {
    for key in "$brought"/key?.pub; do
        [ -f "$key" ] || continue
        words=$(cut -d ' ' -f 1,2 "$key")
        own=$(grep -lsF "$words" ~/.ssh/*.pub | head -n 1)
        own=${own%.pub}
        if [ ! -f "$own" ]; then
            ssh-add -L 2>/dev/null | grep -qF "$words" || continue
            own=.broker/$(basename "$key")
            cp "$key" "$own"
            chmod 600 "$own"
        fi
        case $own in *[\"%\\]*) continue ;; esac
        printf '  IdentityFile "%s"\n  IdentitiesOnly yes\n' "$own"
    done
}

# Only what the signed list names is kept: Python would import other files that lie beside it.
fetch_scripts() {
    rm -rf .broker/offered-scripts
    mkdir .broker/offered-scripts
    sftp -q -r -F .broker/ssh_config "$host:server/scripts" .broker/offered-scripts/ >/dev/null ||
        refuse "the scripts of $host did not arrive. Run the line again."
    cd .broker/offered-scripts
    ssh-keygen -Y verify -f ../allowed_signers -I data-broker -n data-broker-scripts -s scripts/SHA256SUMS.sig \
        <scripts/SHA256SUMS >/dev/null || refuse "the scripts of $host are not signed by the key in your line."
    sum='sha256sum'
    command -v sha256sum >/dev/null || sum='shasum -a 256'
    grep '  scripts/' scripts/SHA256SUMS >listed
    $sum -c listed >/dev/null || refuse "$host does not offer a whole set of scripts. Run the line again in a minute."
    mkdir -p ../../server/scripts
    { sed 's/^[0-9a-f]*  //' listed && echo scripts/SHA256SUMS && echo scripts/SHA256SUMS.sig; } |
        while read -r path; do
            [ ! -h "$path" ] || refuse "$path of $host is a link, and no script."
            cp "$path" "../../server/$path.arriving"
            mv "../../server/$path.arriving" "../../server/$path"
        done
    cd ../..
    rm -rf .broker/offered-scripts
}

find_folder
cd "$folder"
printf 'broker: setting up %s\n' "$folder" >&2
pin_keys
fetch_scripts
for name in known_hosts allowed_signers start.sh start.sh.sig key1.pub key2.pub key3.pub; do rm -f "$brought/$name"; done
rmdir "$brought" 2>/dev/null || :
exec bash server/scripts/sync_data.sh "$host"
