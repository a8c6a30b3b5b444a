"""Whether sshd would do what drop-ins say, beside all else that it reads."""

from __future__ import annotations

import pwd
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from .entrants import groups_of
from .options import Options, RunCommand, is_allowed, matches, parse_options

__all__ = ["Login", "differences", "problems"]

_MADE_UP = "made-up-member"
# Several lines of these add up, and more of them does no harm.
_ADDING = ("allowgroups", "denyusers", "hostkey", "setenv")
# An operator may have chosen other numbers before: no door opens by them.
_NUMBERS = ("logingracetime", "maxstartups", "clientalive", "persource")
# Each of them can keep out an account that the others let in.
_LISTS = ("AllowUsers", "AllowGroups", "DenyGroups")
_GROUP = re.compile(r"^[ \t]*Match[ \t]+Group[ \t]+(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_ERROR = "(error)"


@dataclass(frozen=True)
class Login:
    """An account whose login sshd is asked for, or a made-up member of one group.

    ``alike`` are all accounts in the same groups: hundreds need not be asked for one by one.
    """

    name: str
    groups: set[str]
    words: str
    alike: tuple[str, ...] = ()


def problems(
    run: RunCommand, drop_ins: Mapping[str, str], keyed: Sequence[str], *, folder: Path, keys: Path
) -> Iterator[str]:
    """What keeps sshd from doing what the drop-ins say, a clause each.

    ``drop_ins`` are texts by name, '' for none. sshd is asked for those whose keys stand in
    ``keys``, and for a made-up member of each of the groups ``keyed`` that has none of them.
    """
    drop_ins = {name: text for name, text in drop_ins.items() if text}
    config = folder / "sshd_config"
    if drop_ins and not reads(config.read_text(errors="replace"), folder, [*drop_ins]):
        yield (
            f"{config} reads no {folder}/sshd_config.d/*.conf before its first Match; expected the "
            f"line Include {folder}/sshd_config.d/*.conf at its beginning"
        )
    elif drop_ins:
        seen = dict[str, str]()
        for login in logins(keyed, keys):
            for clause in differences(run, login, drop_ins, folder):
                seen.setdefault(clause.partition(" for ")[0], clause)
        yield from seen.values()


def reads(config: str, folder: Path, names: Iterable[str]) -> bool:
    """Whether an ``Include`` outside of any ``Match`` has these files of ``sshd_config.d``."""
    found: set[str] = set()
    in_match = False
    for keyword, *words in filter(None, map(str.split, config.splitlines())):
        if keyword.lower() == "match":
            in_match = [word.lower() for word in words] != ["all"]
        elif keyword.lower() == "include" and not in_match:
            found |= {str(folder / pattern.strip('"')) for pattern in words}
    paths = [str(folder / "sshd_config.d" / name) for name in names]
    return all(any(fnmatchcase(path, pattern) for pattern in found) for path in paths)


def logins(keyed: Sequence[str], keys: Path) -> list[Login]:
    """The accounts of the broker, a made-up one for a group without any, and any other."""
    kept = dict[frozenset[str], list[str]]()
    for one in pwd.getpwall():
        groups = groups_of(one) - {one.pw_name}
        if (keys / one.pw_name).exists() and groups & {*keyed}:  # else it is drift, to be mended
            kept.setdefault(frozenset(groups), []).append(one.pw_name)
    real = [
        Login(names[0], {*groups, names[0]}, names[0], tuple(names))
        for groups, names in kept.items()
    ]
    empty = [group for group in keyed if not any(group in one.groups for one in real)]
    made_up = [Login(_MADE_UP, {group}, f"a member of {group}") for group in empty]
    return [*real, *made_up, Login(_MADE_UP, set(), "other accounts")]


def differences(
    run: RunCommand, login: Login, drop_ins: Mapping[str, str], folder: Path
) -> Iterator[str]:
    """Where sshd would do other things for an account than the drop-ins say."""
    text = "\n".join(drop_ins[name] for name in sorted(drop_ins))
    with tempfile.TemporaryDirectory() as place:
        alone = Path(place, "alone")
        alone.write_text(_made_for(text, login))
        wanted = _answer(run, alone, login)
        found = _answer(run, _copied(folder, drop_ins, login, Path(place)), login)
    if errors := [*wanted.get(_ERROR, []), *found.get(_ERROR, [])]:
        yield errors[0]
        return
    needed = ["PubkeyAuthentication"] if login.groups else []
    for keyword in sorted({*_keywords(text, login), *needed}):
        values, expected = (of.get(keyword.lower(), []) for of in (found, wanted))
        if not _satisfies(keyword.lower(), values, expected):
            words = (" ".join(one) or "not set" for one in (values, expected))
            yield f"{keyword} is {next(words)} for {login.words}; expected {next(words)}"
    for option in _LISTS if login.groups else ():
        patterns = found.get(option.lower(), [])
        only = {option.lower(): patterns} if patterns else {}
        out = [name for name in login.alike or [""] if not is_allowed(name, login.groups, only)]
        if out:
            yield f"{option} {' '.join(patterns)} does not let in {', '.join(out) or login.words}"


def _satisfies(keyword: str, found: list[str], wanted: list[str]) -> bool:
    """Whether it is as wanted, or stricter."""
    if keyword.startswith(_NUMBERS) or found == wanted:
        return True
    if keyword in _ADDING:
        return {*wanted} <= {*found}
    if keyword == "permitrootlogin":
        return found == ["no"]
    chosen, offered = ({*" ".join(values).split(",")} for values in (found, wanted))
    return len(offered) > 1 and chosen <= offered


def _keywords(text: str, login: Login) -> Iterator[str]:
    """The keywords of drop-ins that count for an account."""
    counts = True
    for line in filter(None, map(str.strip, text.splitlines())):
        if match := _GROUP.match(line):
            counts = _is_matched(match[1], login)
        elif counts and not line.startswith("#"):
            yield line.split()[0]


def _is_matched(patterns: str, login: Login) -> bool:
    names = patterns.split(",")
    refused = [name[1:] for name in names if name.startswith("!")]
    return matches(login.groups, names) and not matches(login.groups, refused)


def _made_for(text: str, login: Login) -> str:
    """A configuration as it counts for the login: a made-up one is in no group of the host."""
    if login.name != _MADE_UP:
        return text
    names = {True: _MADE_UP, False: "no-such-account"}
    return _GROUP.sub(lambda line: f"Match User {names[_is_matched(line[1], login)]}", text)


def _copied(folder: Path, drop_ins: Mapping[str, str], login: Login, place: Path) -> Path:
    """The configuration of sshd in another folder, with our files in it."""
    parts = {
        path.name: path.read_text(errors="replace")
        for path in (folder / "sshd_config.d").glob("*")
        if path.is_file() and not re.fullmatch(r"\d+-data-broker.*", path.name)
    }
    (place / "sshd_config.d").mkdir()
    for name, text in {**parts, **drop_ins}.items():
        (place / "sshd_config.d" / name).write_text(_made_for(text, login))
    text = (folder / "sshd_config").read_text(errors="replace")
    here = rf"^(\s*include\s.*?)(?:{re.escape(str(folder))}/)?(?=sshd_config\.d/)"
    moved = re.sub(here, rf"\g<1>{place}/", text, flags=re.IGNORECASE | re.MULTILINE)
    config = place / "sshd_config"
    config.write_text(_made_for(moved, login))
    return config


def _answer(run: RunCommand, config: Path, login: Login) -> Options:
    condition = f"user={login.name},host=localhost,addr=127.0.0.1"
    code, output, error = run(["sshd", "-T", "-f", str(config), "-C", condition])
    if code == 0:
        return parse_options(output)
    return {_ERROR: [(error.strip().splitlines() or ["sshd -T fails"])[-1]]}
