#!/usr/bin/env python3
"""Make a virtual environment that holds exactly what lock files name.

    python3 bin/install_locked.py VENV LOCK... --pip LOCK [--built LOCK] [--project DIRECTORY]

The pip that this Python brings installs one package: the pip of its own lock file, which installs
all else. So every Python installs in the same way, and none is as slow as its old pip.

Nothing is resolved: a lock file names every package that is needed, each by its hash, so a newer
release on the index changes nothing. Afterwards `pip check` confirms that no dependency is missing.
An environment that was made from the same locks by the same Python at the same place is left as it
is; one that was moved or copied is made anew, for its programs name the place. This is the only way
in which the project installs Python packages: the checkout, brokers, laptops and tests.

Standard library only, since it runs before anything is installed; Python 3.7 can read it, so that
who has an old one gets a sentence and not a syntax error. Exit code 0: the environment is as
locked. 1: it is not, with one sentence on standard error; pip's own output is in VENV/install.log.
"""

from __future__ import annotations

import argparse
import configparser
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

OLDEST = (3, 11)
STAMP = ".locked"
LOG = "install.log"
OPTIONS = (
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
)
LONGEST_SHOWN = 300
AS_MODULE = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)
# What counts of the settings of a person's pip, in files or the environment: how to reach an index.
# Others install elsewhere, more, less or nothing: user, target, requirement, constraint, dry-run.
OF_THE_INDEX = frozenset(
    (
        *("cache-dir", "cert", "client-cert", "extra-index-url", "find-links", "index-url"),
        *("keyring-provider", "no-cache-dir", "no-compile", "no-index", "proxy", "resume-retries"),
        *("default-timeout", "retries", "timeout", "trusted-host", "use-deprecated", "use-feature"),
    )
)
# What pip writes when something fails, and what that means; the first that matches counts.
# {0} is what the group matched. What a Python brings, from pip 23 on, has other words than pip 26.
REASONS = (
    (r"No space left on device", "the disk is full. Make room and run this again"),
    (
        r"DO NOT MATCH THE HASHES[\s\S]*?\n\s+(\S+) from ",
        "the index offers another file for {0} than the one that is locked. "
        "Use an index that has the original files (PIP_INDEX_URL)",
    ),
    (
        r"(?im)(?:Failed to establish a new connection|Temporary failure in name resolution"
        r"|Name or service not known|Network is unreachable|Connection refused|timed out"
        r"|Cannot connect to proxy|SSLError|CERTIFICATE_VERIFY_FAILED"
        r"|problem confirming the ssl certificate"
        r"|^error: (?:connection|proxy-connection|ssl-verification)-(?:failed|timeout)$)",
        "the package index cannot be reached. Check the network and, behind a proxy or with an "
        "index of your own, https_proxy, PIP_INDEX_URL and PIP_CERT",
    ),
    (
        r"\(from versions: none\)[\s\S]*No matching distribution found for (\S+)",
        "the index does not know {0}, or cannot be reached. Check the network and PIP_INDEX_URL",
    ),
    (
        r"No matching distribution found for (\S+)",
        "the index has no file of {0} that Python {python} can install. Use the index of PyPI, "
        "or another Python from 3.11 on",
    ),
    (
        r"(\S+ \S+ requires \S+, which is not installed|\S+ \S+ has requirement .*)",
        "the lock files are not whole: {0}. Lock them anew with `make lock`",
    ),
)


class InstallError(Exception):
    """The environment could not be made; the text is one sentence for a person."""


def main() -> int:
    """Parse the command line and carry it out."""
    parser = argparse.ArgumentParser(description="Install exactly what lock files name.")
    parser.add_argument("venv", type=Path, metavar="VENV")
    parser.add_argument("locks", type=Path, nargs="+", metavar="LOCK")
    parser.add_argument("--pip", type=Path, required=True, metavar="LOCK", help="of pip alone")
    parser.add_argument(
        "--built",
        type=Path,
        metavar="LOCK",
        help="of what has no wheel, built by what LOCK... name",
    )
    parser.add_argument("--project", type=Path, metavar="DIRECTORY", help="linked in, editable")
    options = parser.parse_args()
    try:
        ensure(options.venv, options.pip, options.locks, options.project, options.built)
    except (InstallError, OSError) as error:
        words = reason(str(error)) if isinstance(error, OSError) else ""
        sys.stderr.write(f"{options.venv} cannot be made: {words or error}.\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def ensure(
    venv: Path,
    pip: Path,
    locks: list[Path],
    project: Path | None = None,
    built: Path | None = None,
) -> None:
    """Make the environment unless it is as locked; raises ``InstallError`` when it cannot be.

    ``pip`` is the lock file of the pip that installs what ``locks`` name, and stays. ``project`` is
    a source tree that is linked in, ``built`` locks sources of packages that have no wheel: what
    builds either must be among the locks.
    """
    require_python()
    key = fingerprint(venv, [pip, *locks, *([built] if built else [])], project)
    stamp = venv / STAMP
    if stamp.is_file() and stamp.read_text() == key:
        return
    names = ", ".join(str(lock) for lock in locks)
    sys.stderr.write(f"making {venv} from {names} (may take a minute or two)\n")
    os.umask(0o022)  # other users run what root installs
    stamp.unlink(missing_ok=True)  # before all else: who clears the rest may be killed
    make(venv)
    keep_settings_of_the_index()
    install(venv, words_for(stock_pip()), [pip])
    install(venv, ["-m", "pip"], locks)
    if built:
        from_source = ("--no-build-isolation", "--no-binary=:all:")
        options = [one for one in OPTIONS if not one.startswith("--only-binary")]
        run(venv, "-m", "pip", "install", *options, *from_source, "--requirement", str(built))
    if project:
        run(
            venv,
            *("-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index"),
            *("--disable-pip-version-check", "--editable", str(project)),
        )
    run(venv, "-m", "pip", "check", "--disable-pip-version-check")
    stamp.write_text(key)


def require_python() -> None:
    """Refuse a Python that the locked packages do not support, or one without venv."""
    if sys.version_info[:2] < OLDEST:
        raise InstallError(
            f"Python {version()} is too old; Python 3.11 or later is needed. "
            "Run this with a newer one"
        )
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian has it in a package of its own
        import venv  # noqa: F401, PLC0415
    except ImportError:
        raise InstallError(
            f"Python {version()} is here without its module venv. "
            f"On Debian: apt-get install python{version()}-venv"
        ) from None


def version() -> str:
    """As in the names of Debian's packages: 3.11."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def fingerprint(venv: Path, locks: list[Path], project: Path | None) -> str:
    """Of all that decides what is in the environment, its place and that of the project too."""
    metadata = [project / "pyproject.toml"] if project else []
    places = [os.path.realpath(place) for place in (venv, project) if place]
    digest = hashlib.sha256(repr([sys.version, sys.base_prefix, *places]).encode())
    for path in [*locks, *metadata]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make(venv: Path) -> None:
    """An environment with nothing in it."""
    line = [sys.executable, "-I", "-m", "venv", "--clear", "--without-pip", str(venv)]
    done = subprocess.run(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise InstallError(reason(done.stdout) or last_words(done.stdout))


def stock_pip() -> Path:
    """The pip that this Python brings, inside the wheel from which ``ensurepip`` would install it.

    To run it there saves the seconds that it takes to install a pip which installs another.
    """
    import ensurepip  # noqa: PLC0415 - Debian has it in a package of its own

    bundled = Path(ensurepip.__file__).parent / "_bundled"
    elsewhere = sysconfig.get_config_var("WHEEL_PKG_DIR")  # as on Debian
    for folder in (Path(elsewhere or bundled), bundled):
        wheels = sorted(folder.glob("pip-*.whl"))
        if wheels:
            return wheels[-1] / "pip"
    raise InstallError(
        f"Python {version()} is here without the pip of its module ensurepip. "
        "Run this with another Python from 3.11 on"
    )


def words_for(pip: Path) -> list[str]:
    """The words by which Python runs a pip inside its wheel.

    On Windows pip replaces pip only where it was started by ``-m``, and would say how.
    """
    return ["-c", AS_MODULE, str(pip.parent)] if os.name == "nt" else [str(pip)]


def keep_settings_of_the_index() -> None:
    """Leave, for this process, none of a person's settings of pip but those."""
    own = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PIP_")}
    wanted = {variable(name) for name in OF_THE_INDEX}
    found = {**settings_in_files(own.get("PIP_CONFIG_FILE", "")), **own}
    os.environ.update({name: value for name, value in found.items() if name in wanted})
    os.environ["PIP_CONFIG_FILE"] = os.devnull  # pip then reads no file at all


def settings_in_files(named: str) -> dict[str, str]:
    """Those that pip would read, as variables of the environment; ``named`` is read last.

    By the standard library: `pip config` itself obeys a `user = true` in such a file. The places
    and their order: https://pip.pypa.io/en/stable/topics/configuration/.
    """
    if named == os.devnull:
        return {}
    shared = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    files = [Path(folder, "pip/pip.conf") for folder in shared.split(os.pathsep)]
    own = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    names = ("/etc/pip.conf", "~/Library/Application Support/pip/pip.conf", "~/.pip/pip.conf")
    files += [Path(name).expanduser() for name in (*names, f"{own}/pip/pip.conf")]
    parser = configparser.RawConfigParser()
    for path in [*files, *([Path(named)] if named else [])]:
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            raise InstallError(f"the settings of pip in {path} are invalid. Mend them") from None
    sections = [parser[name] for name in ("global", "install") if name in parser]
    return {variable(name): value for section in sections for name, value in section.items()}


def variable(setting: str) -> str:
    """The one of the environment that stands for a setting of pip."""
    return "PIP_" + setting.upper().replace("-", "_")


def install(venv: Path, pip: list[str], locks: list[Path]) -> None:
    """Have this pip, as the environment's Python is to run it, install what lock files name."""
    requirements = [word for lock in locks for word in ("--requirement", str(lock))]
    run(venv, *pip, "install", *OPTIONS, *requirements)


def python_of(venv: Path) -> Path:
    """The Python of an environment."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def run(venv: Path, *arguments: str) -> None:
    """Run the environment's Python; what it writes goes into the log."""
    done = subprocess.run(
        [str(python_of(venv)), "-I", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,  # not the log itself: what fails on a full disk must be heard
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    log = venv / LOG
    with log.open("a", encoding="utf-8") as stream:
        stream.write(done.stdout)
    if done.returncode:
        words = reason(done.stdout) or last_words(done.stdout)
        raise InstallError(f"{words} (pip's own words: {log})")


def reason(output: str) -> str:
    """The sentence for what pip wrote; empty when nothing is known of it."""
    for pattern, sentence in REASONS:
        found = re.search(pattern, output)
        if found:
            return sentence.format(*map(printable, found.groups()), python=version())
    return ""


def last_words(output: str) -> str:
    """What pip itself names as the error, else its last line."""
    output = re.sub(r"^ERROR: Exception:$", "", output, flags=re.MULTILINE)  # a traceback follows
    named = re.findall(r"^(?:ERROR:|\u00d7) (.+)", output, re.MULTILINE)
    lines = named or re.findall(r"\S.*", output) or ["no output"]
    return printable(str(lines[-1]).strip().rstrip("."))


def printable(text: str) -> str:
    """What an index or a lock says, in ASCII, not endless: it may hold what acts on a terminal."""
    shown = text.encode("ascii", "backslashreplace").decode()
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
    return shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 3] + "..."


if __name__ == "__main__":
    sys.exit(main())
