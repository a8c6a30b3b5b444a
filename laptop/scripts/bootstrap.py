"""Start the program of this folder in an environment of its own, which is made when it is missing.

    python3 server/scripts/bootstrap.py ARGUMENT...

Everything here was listed and signed by the broker. The environment stands in ``.broker/``: the
packages of ``requirements.txt`` beside this file, each by its hash, from the index that this
person's pip uses or from ``server/wheels``. ``BROKER_PYTHON`` names a Python that has them all
already; then nothing is made.

Standard library only, and Python 3.9 can read it: it finds a newer one, or says how to get it.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3")
PARTS = ("requirements.txt", "pip.txt", "install_locked.py")
KEPT = 2  # environments: the one in use, and the one before, which a long query may still use
CHECK = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
# Links are not followed: server/ may be one to another disk, and the folder is where it stands.
SCRIPTS = Path(os.path.abspath(__file__)).parent  # noqa: PTH100  without ".." in it
ROOT = SCRIPTS.parents[1]
STATE = ROOT / ".broker"


def main(arguments: list[str]) -> int:
    """Never returns where all is well: the program takes the place of this process."""
    python = os.environ.get("BROKER_PYTHON") or environment()
    if python is not None:
        line = [python, "-I", "-m", "broker.laptop", "--folder", str(ROOT), *arguments]
        os.execv(python, line)  # noqa: S606  no shell is wanted
    return 1


def environment() -> str | None:
    """The Python of the environment, made first if need be; None where it cannot be."""
    place = STATE / "environments" / fingerprint()
    python = place / "bin" / "python"
    link = STATE / "venv"
    if not is_ready(place):
        STATE.mkdir(exist_ok=True)
        with (STATE / "environment.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_ready(place) and not make(place):
                return None
    if not link.is_symlink() or os.fspath(link.readlink()) != f"environments/{place.name}":
        point(link, f"environments/{place.name}")
        remove_old(place)
    return str(python)


def bring_python(lock: Path, state: Path, wheels: Path) -> str | None:
    """By the file beside this one, which Python does not find by itself: it starts isolated."""
    spec = importlib.util.spec_from_file_location("bring_python", SCRIPTS / "bring_python.py")
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: str | None = module.bring_python(lock, state, wheels)
    return found


def fingerprint() -> str:
    """Of all that decides what is in the environment."""
    digest = hashlib.sha256()
    for name in PARTS:
        digest.update((SCRIPTS / name).read_bytes())
    return digest.hexdigest()[:16]


def is_ready(place: Path) -> bool:
    """Whole, and its Python is still on this machine."""
    return (place / ".locked").is_file() and os.access(place / "bin" / "python", os.X_OK)


def make(place: Path) -> bool:
    """Whether it could be made; the installer itself says why not."""
    wheels = ROOT / "server" / "wheels"
    python = suitable_python() or bring_python(SCRIPTS / "uv.txt", STATE, wheels)
    if python is None:
        say_what_is_missing("Python 3.11 or later, with its module venv")
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    settings = dict(os.environ)
    if wheels.is_dir():
        settings["PIP_FIND_LINKS"] = str(wheels)
    done = subprocess.run(
        [python, "-I", "install_locked.py", str(place), "requirements.txt", "--pip", "pip.txt"],
        cwd=SCRIPTS,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        say_what_is_missing("the packages of server/scripts/requirements.txt")
    return not done.returncode


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
    sys.stderr.write(
        f"broker: this laptop has not got {what}, so the program cannot run here. Install it "
        "(on Debian: sudo apt install python3-venv; on a Mac: brew install python) and run this "
        f"again. Until then, in {ROOT}:\n"
        f"  {plain_rsync(broker())}\n"
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
    """The name that was given to this sync, or remembered by one before."""
    words = [word for word in sys.argv[2:] if "@" in word or "/" in word]
    known = STATE / "host"
    name = known.read_text().strip() if known.is_file() else "".join(words[:1])
    return "".join(c for c in name if c.isascii() and c.isprintable()) or "YOU@HOST"


def point(link: Path, target: str) -> None:
    """Replace the link in one rename."""
    arriving = link.with_name(".venv.arriving")
    if arriving.is_symlink():
        arriving.unlink()
    arriving.symlink_to(target)
    arriving.replace(link)


def remove_old(place: Path) -> None:
    """Those before the last ones."""
    others = [other for other in place.parent.iterdir() if other != place and other.is_dir()]
    for other in sorted(others, key=lambda path: path.stat().st_mtime)[: -(KEPT - 1)]:
        shutil.rmtree(other)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        sys.exit(f"broker: the program cannot be started: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
