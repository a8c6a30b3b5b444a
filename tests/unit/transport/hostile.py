"""What somebody with a key and bad intentions types: known tricks, and any number of mixtures."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["COMMANDS", "OPTIONS", "PATHS", "hostile_command"]

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


def hostile_command() -> st.SearchStrategy[str]:
    """Command lines near enough to real ones to get far: shuffled parts, odd letters, size."""
    word = st.one_of(
        st.sampled_from((*OPTIONS, *PATHS)),
        st.sampled_from(("-vlogDtpre.iLsfxCIvu", "--timeout=60", "--delete", "--stats", ".", "..")),
        st.sampled_from(("server/parquet/", "user/", "user/scripts", "server/docs/a b")),
        st.text(st.characters(codec="utf-8"), max_size=20),
        st.text("-./eLRaux=' \\\"", max_size=12),
    )
    start = st.sampled_from(
        ("rsync --server", "rsync --server --sender", "rsync --server --sender -re.L .", "", "sftp")
    )
    return st.builds(
        lambda first, words: " ".join([first, *words]), start, st.lists(word, max_size=6)
    )
