"""Start the program of this folder in an environment of its own, which is made when it is missing.

    python3 server/scripts/bootstrap.py ARGUMENT...

Everything here was listed and signed by the broker. The environment stands in ``.broker/``: the
packages of ``requirements.txt`` beside this file, each by its hash, as wheels that the broker
offers or from the index that this person's pip uses. ``BROKER_PYTHON`` names a Python that has
them all already; then nothing is made.

Standard library only, and Python 3.9 can read it: it finds a newer one, or says how to get it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

OLDEST = (3, 11)
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3")
PARTS = ("requirements.txt", "pip.txt", "install_locked.py")
KEPT = 2  # environments: the one in use, and the one before, which a long query may still use
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
IS_WINDOWS = sys.platform == "win32"
CHECK = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
# Links are not followed: server/ may be one to another disk, and the folder is where it stands.
SCRIPTS = Path(os.path.abspath(__file__)).parent  # noqa: PTH100  without ".." in it
ROOT = SCRIPTS.parents[1]
STATE = ROOT / ".broker"
WHEELS = ROOT / "server" / "wheels"


def main(arguments: list[str]) -> int:
    """The exit code; but on Windows, the program takes the place of this process."""
    python = os.environ.get("BROKER_PYTHON") or environment()
    if python is None:
        return 1
    # Python on Windows takes texts for those of an old code page.
    options = ["-I", "-X", "utf8"] if IS_WINDOWS else ["-I"]
    line = [python, *options, "-m", "broker.laptop", "--folder", str(ROOT), *arguments]
    if not IS_WINDOWS:
        os.execv(python, line)  # noqa: S606  no shell is wanted
    return subprocess.run(line, check=False).returncode


def environment() -> str | None:
    """The Python of the environment, made first if need be; None where it cannot be."""
    place = STATE / "environments" / fingerprint()
    python = python_of(place)
    link = STATE / "venv"
    if not is_ready(place):
        STATE.mkdir(exist_ok=True)
        with (STATE / "environment.lock").open("a") as lock:
            wait_for(lock.fileno())
            if not is_ready(place) and not make(place):
                return None
    if target_of(link) != f"environments/{place.name}":
        point(link, f"environments/{place.name}")
        remove_old(place)
    return str(python)


def python_of(place: Path) -> Path:
    """The Python of an environment."""
    return place / "Scripts" / "python.exe" if IS_WINDOWS else place / "bin" / "python"


def wait_for(descriptor: int) -> None:
    """Hold the lock of an open file until this process ends; another may have it for minutes."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415  Windows has no such module

        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    import msvcrt  # noqa: PLC0415  of Windows alone

    while True:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            time.sleep(0.1)
        else:
            return


def module(name: str) -> ModuleType:
    """A file beside this one, which Python does not find by itself: it starts isolated."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    if spec is None or spec.loader is None:
        raise OSError(f"{name}.py cannot be read")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def fingerprint() -> str:
    """Of all that decides what is in the environment."""
    digest = hashlib.sha256()
    for name in PARTS:
        digest.update((SCRIPTS / name).read_bytes())
    return digest.hexdigest()[:16]


def is_ready(place: Path) -> bool:
    """Whole, and its Python is still on this machine."""
    return (place / ".locked").is_file() and os.access(python_of(place), os.X_OK)


def make(place: Path) -> bool:
    """Whether it could be made; the installer itself says why not."""
    python = suitable_python() or bring_python()
    if python is None:
        say_what_is_missing("Python 3.11 or later, with its module venv")
        return False
    begun = time.monotonic()
    wheels = offered(subprocess.check_output([python, "-Ic", VERSION], text=True).strip())
    place.parent.mkdir(parents=True, exist_ok=True)
    fetched = time.monotonic()
    done = install(python, place, wheels)
    if done:
        parts = f"wheels of the broker {fetched - begun:.1f} s, " if wheels else ""
        sys.stderr.write(
            f"broker: the program is ready: {parts}environment {time.monotonic() - fetched:.1f} s\n"
        )
    else:
        say_what_is_missing("the packages of server/scripts/requirements.txt")
    return done


def bring_python() -> str | None:
    """One of uv's, which comes from the broker or from an index."""
    wheels = offered("uv") or WHEELS
    found: str | None = module("bring_python").bring_python(SCRIPTS / "uv.txt", STATE, wheels)
    return found


def offered(python: str) -> Path | None:
    """What the broker offers a laptop of this Python, brought here; None where that is nothing."""
    name = broker()
    if not name:
        return None
    found: Path | None = module("bring_wheels").bring_wheels(ROOT, SCRIPTS, name, python)
    return found


def install(python: str, place: Path, wheels: Path | None) -> bool:
    """Have the locked packages at ``place``: from these wheels alone, else from the index too."""
    line = [python, "-I", "install_locked.py", str(place), "requirements.txt", "--pip", "pip.txt"]
    settings = dict(os.environ)
    if wheels is not None:
        # As an address: pip splits the variable at blanks.
        settings["PIP_FIND_LINKS"] = wheels.as_uri()
        alone = {**settings, "PIP_NO_INDEX": "1"}
        if not subprocess.run(
            line, cwd=SCRIPTS, env=alone, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
        ).returncode:
            return True
        sys.stderr.write("broker: the wheels of the broker do not suffice; asking the index\n")
    return not subprocess.run(
        line, cwd=SCRIPTS, env=settings, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
    ).returncode


def suitable_python() -> str | None:
    """The newest one on this machine that can make an environment."""
    for name in (sys.executable, *NAMES):
        python = shutil.which(name) if name else None
        if (
            python
            and not subprocess.run(
                [python, "-c", CHECK], stderr=subprocess.DEVNULL, check=False
            ).returncode
        ):
            return python
    return None


def say_what_is_missing(what: str) -> None:
    """What is missing, and what works without it."""
    if IS_WINDOWS:
        sys.stderr.write(
            f"broker: this laptop has not got {what}, so the program cannot run here. Install it "
            "(winget install Python.Python.3.13) and run this again.\n"
        )
        return
    sys.stderr.write(
        f"broker: this laptop has not got {what}, so the program cannot run here. Install it "
        "(on Debian: sudo apt install python3-venv; on a Mac: brew install python) and run this "
        f"again. Until then, in {ROOT}:\n"
        f"  {plain_rsync(broker() or 'YOU@HOST')}\n"
        "  bash server/scripts/check_files.sh\n"
        "  duckdb -init server/docs/views.sql\n"
        "The first brings the files; only the second checks their signature.\n"
    )


def plain_rsync(broker: str) -> str:
    """The command that brings the files of a broker, which may be a folder."""
    place = shlex.quote(f"{broker}{'/' if '/' in broker else ':'}server/generation/")
    has_own = "/" not in broker and (STATE / "ssh_config").is_file()
    shell = " -e 'ssh -F .broker/ssh_config'" if has_own else ""
    return f"rsync -a{shell} {place} server/"


def broker() -> str:
    """The name that was given to this sync, or remembered by one before; empty before both."""
    words = [word for word in sys.argv[2:] if "@" in word or "/" in word]
    known = STATE / "host"
    name = known.read_text().strip() if known.is_file() else "".join(words[:1])
    return "".join(c for c in name if c.isascii() and c.isprintable() and not name.startswith("-"))


def target_of(link: Path) -> str:
    """Which environment is in use; empty where that is not known."""
    if IS_WINDOWS:
        return link.read_text(encoding="utf-8").strip() if link.is_file() else ""
    return os.fspath(link.readlink()) if link.is_symlink() else ""


def point(link: Path, target: str) -> None:
    """Replace the link in one rename; on Windows, where links need rights, it is a file."""
    arriving = link.with_name(".venv.arriving")
    if IS_WINDOWS:
        arriving.write_text(f"{target}\n", encoding="utf-8")
    else:
        if arriving.is_symlink():
            arriving.unlink()
        arriving.symlink_to(target)
    arriving.replace(link)


def remove_old(place: Path) -> None:
    """Those before the last ones."""
    others = [other for other in place.parent.iterdir() if other != place and other.is_dir()]
    for other in sorted(others, key=lambda path: path.stat().st_mtime)[: -(KEPT - 1)]:
        shutil.rmtree(other, ignore_errors=IS_WINDOWS)  # what runs there cannot be removed


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        sys.exit(f"broker: the program cannot be started: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
