"""Known tricks: commands, options, paths and filters that somebody once got out with."""

from __future__ import annotations

__all__ = ["COMMANDS", "FILTERS", "OPTIONS", "PATHS", "SECRET"]

# Stands for the path of a file that nobody may read, in a folder that everybody could write to.
SECRET = "@SECRET@"  # noqa: S105 - a place, not a password

COMMANDS = (
    "sh -c id",
    "id; rsync --server --sender -re.L . server/parquet/",
    "rsync --server --sender -re.L . server/parquet/; id",
    "rsync --server --sender -re.L . server/parquet/\nid",
    "rsync --server --sender -re.L . server/parquet/ `id`",
    "rsync --server --sender -re.L . $(id)",
    "/usr/bin/rsync --server --sender -re.L . server/parquet/",
    "scp -f server/parquet/x",
    "scp -t user/",
    "git-upload-pack user",
    "internal-sftp -d /",
    "/usr/lib/openssh/sftp-server -P none",
    "rsync -e id HOST: .",
    "rsync --server --sender",
    "rsync --server --sender -re.L",
    "rsync --server --sender -re.L .",
    "rsync --server --sender -re.L server/parquet/",
    "rsync --server . user/ --sender /etc/",
    "rsync --server --server --sender -r . /",
    "env rsync --server --sender -re.L . server/parquet/",
)
OPTIONS = (
    *(
        "-L",
        "-k",
        "-K",
        "-R",
        "-s",
        "-A",
        "-X",
        "-U",
        "-E",
        "-J",
        "-y",
        "-C",
        "-",
        "--",
        "-e",
        "-ee.",
    ),
    *("-e.L/../../x", "-esh", "-rsync", "-B", "--rsh=id", "--rsync-path=id", "--copy-links"),
    *("--copy-unsafe-links", "--copy-dirlinks", "--keep-dirlinks", "--relative"),
    *("--files-from=-", "--files-from=/etc/passwd", "--from0", "--exclude-from=/etc/shadow"),
    *("--include-from=/etc/passwd", "--filter=.", "--filter='. /etc/passwd'", "--log-file=/tmp/x"),
    *("--backup-dir=/tmp", "--temp-dir=/tmp", "--partial-dir=/tmp", "--link-dest=/home/bob"),
    *(
        "--compare-dest=/etc",
        "--copy-dest=/etc",
        "--write-batch=/tmp/x",
        "--read-batch=/etc/passwd",
    ),
    *(
        "--only-write-batch=/tmp/x",
        "--daemon",
        "--config=/etc/passwd",
        "--password-file=/etc/passwd",
    ),
    *("--remove-source-files", "--remove-sent-files", "--write-devices", "--copy-devices"),
    *("--fake-super", "--super", "--insecure-links", "--no-munge-links", "--confine-root=/"),
    *("--debug=all", "--usermap=*:root", "--groupmap=*:root", "--chown=root", "--iconv=."),
    *("--max-alloc=0", "--protect-args", "--secluded-args", "--timeout=", "--timeout=-1"),
    *(
        "--timeout='1 --daemon'",
        "--bwlimit=x",
        "--info='a b'",
        "--stats=1",
        "--checksum-choice=$(id)",
    ),
    *(
        "--out-format='%n$(id)'",
        "--skip-compress=';'",
        "--delete=1",
        "--sender",
        "--compress-level=9x",
    ),
)
PATHS = (
    *(
        "/",
        "/etc/passwd",
        "//etc/passwd",
        "~root/",
        "..",
        "../",
        "../bob/",
        "user/..",
        "user/../..",
    ),
    *(
        "server/../../etc/",
        "server/parquet/../../../etc/",
        "./../x",
        "server",
        "server/",
        "serverx/",
    ),
    *(".ssh/", ".", "./", "''", "home/anna/", "-e", "--sender", "server/generation", "scripts/"),
    *("server/parquet/" + "x/" * 60, "user/" + "../" * 40, "SERVER/parquet/", "server\\parquet/"),
    *("'user/a\tb'", "'user/\x00'", "'user/\u202e'", "'user/\ud800'", "user/é\x85"),
)
FILTERS = (
    *(
        f"--filter={rule} {SECRET}"
        for rule in ("merge", "dir-merge", ":", ".", ":w-", "dir-merge,n-")
    ),
    *(
        "--filter=dir-merge ../../../outside/secret",
        "--filter=: out/secret",
        "--filter=merge secret",
    ),
    *("-F", "-FF", "--exclude=*", "--include=../*", "--filter=protect *", "--filter=hide *"),
    *(f"--files-from=:{SECRET}", "--files-from=:secret", "--files-from=list", "--from0"),
    *(f"--exclude-from={SECRET}", f"--log-file={SECRET}", f"--backup-dir={SECRET}", "--backup"),
    *(f"--link-dest={SECRET}/..", "--link-dest=../../../bob", f"--copy-dest={SECRET}/.."),
    *(
        f"--partial-dir={SECRET}/..",
        f"--temp-dir={SECRET}/..",
        "--partial",
        "--inplace",
        "--append",
    ),
    *("--copy-links", "--copy-unsafe-links", "--copy-dirlinks", "--keep-dirlinks", "--relative"),
    *(
        "--safe-links",
        "--munge-links",
        "--no-implied-dirs",
        "--hard-links",
        "--devices",
        "--specials",
    ),
    *("--old-args", "--secluded-args", "--delete", "--delete-excluded", "--force", "--fake-super"),
    *(
        f"-M--log-file={SECRET}",
        "-M--sender",
        "-M--no-munge-links",
        "-M--copy-links",
        "-M--relative",
    ),
    *("-M--confine-root=/", "-M--daemon", f"-M--config={SECRET}", "-M--super", "-M--write-devices"),
    *(
        "--rsync-path=sh -c id; rsync",
        f"--rsync-path=cat {SECRET} #",
        "--chmod=ugo=rwxs",
        "--chown=0:0",
    ),
    *("--remove-source-files", "--existing", "--ignore-errors", "--numeric-ids", "--list-only"),
)
