"""What a client may ask for, as pure text: everything else is one printable sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.transport.grammar import MAX_COMMAND, Refusal, Rsync, Sftp, parse
from broker.transport.places import ROOTS, RemotePath, one_base, parse_path
from tests.hostile.inputs import CASES, command
from tests.hostile.tricks import COMMANDS, OPTIONS, PATHS

PULL = "rsync --server --sender -vlogDtpre.iLsfxCIvu . "


def answer(command: str) -> str | tuple[Rsync, list[RemotePath]] | Sftp:
    """The sentence of a refusal, or what was understood."""
    try:
        wish = parse(command)
        if isinstance(wish, Sftp):
            return wish
        places = [parse_path(path, sends=wish.sends) for path in wish.paths]
        one_base(places)
    except Refusal as refused:
        return str(refused)
    return wish, places


def refusal(command: str) -> str:
    message = answer(command)
    assert isinstance(message, str), message
    return message


def test_sftp_is_known_by_the_names_that_sshd_gives_it() -> None:
    assert parse("internal-sftp") == parse("/usr/lib/openssh/sftp-server") == Sftp()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "This account transfers files and nothing else: rsync -av HOST:server/parquet/"),
        ("bash -i", "This account transfers files"),
        ("rsync --server --daemon .", "option '--daemon'"),
        ("rsync --server --sender -e.LsfxCIvu . 'server/parquet", "a quote that does not end"),
        ("rsync\t--server", "a control character"),
        ("x" * (MAX_COMMAND + 1), "longer than"),
        (f"{PULL}/etc/passwd", "leads outside"),
        (f"{PULL}server/../../etc/", "leads outside"),
        (f"{PULL}server/secrets/", "There is no 'server/secrets/' here"),
        (f"{PULL}server/", "There is no"),
        (f"{PULL}server/parquet/ user/", "in several calls"),
        (f"{PULL}user", "with a slash at its end"),
        ("rsync --server -vlogDtpre.iLsfxCIvu . server/parquet/", "Only user/ can be written to"),
        ("rsync --server -re.L . user/ user/", "one folder at a time"),
        ("rsync --server -re.L --inplace . user/", "option '--inplace'"),
        ("rsync --server --sender -Lre.L . user/", "option '-L'"),
        ("rsync --server --sender -re.L --files-from=/etc/hosts . user/", "option '--files-from'"),
    ],
)
def test_refusals(command: str, message: str) -> None:
    sentence = refusal(command)
    assert message in sentence
    assert sentence.isprintable()


@pytest.mark.parametrize(
    ("words", "base"),
    [
        ("--sender -r -t --progress . server/generation/", "generation"),
        ("--sender -c -r -t --progress --max-size=65536 . server/scripts/", "scripts"),
        ("--sender --delete-before -g -l -o -p -D -r -t -v --dirs . server/docs/", "generation"),
        ("--sender -c -r -t --progress --max-size=65536 . server/settings/", "settings"),
        ("--sender -r --ignore-existing --ignore-non-existing . user/", "user"),
        ("-l -r -t --progress . user/", "user"),
        ("--delete-before -g -l -o -p -D -r -t -v --dirs . user/scripts/", "user"),
        ("-r -t --progress --ignore-non-existing --partial . user/", "user"),
    ],
)
def test_what_the_openrsync_of_a_mac_sends_is_understood(words: str, base: str) -> None:
    """Each option is a word, and a sender gets those of a receiver (its fargs_cmdline())."""
    understood = answer(f"rsync --server {words}")
    assert isinstance(understood, tuple), understood
    wish, (place,) = understood
    assert (wish.sends, place.base) == (words.startswith("--sender"), base)


def spoiled() -> Iterator[str]:
    yield from COMMANDS
    for option in OPTIONS:
        yield f"rsync --server --sender -re.L {option} . server/parquet/"
        yield f"rsync --server -re.L {option} . user/"
    for path in PATHS:
        yield f"{PULL}{path}"
        yield f"rsync --server -re.L . {path}"


@pytest.mark.parametrize("command", list(spoiled()))
def test_every_known_trick_is_refused(command: str) -> None:
    assert refusal(command).isprintable()


def test_what_is_accepted_stays_inside() -> None:
    """Whatever is generated: it is refused in one line, or its paths lead to known places."""
    answers = [answer(command(number)) for number in range(CASES)]
    accepted = [each for each in answers if isinstance(each, tuple)]
    assert CASES // 50 < len(accepted) < CASES // 2, "the generator has lost its aim"
    for sentence in (each for each in answers if isinstance(each, str)):
        assert sentence.isprintable()
        assert len(sentence) < 400
    for wish, places in accepted:
        known = {*ROOTS, "user"} if wish.sends else {"user"}
        assert {one.base for one in places} <= known
        for one in places:
            assert not {"", ".", ".."} & set(one.names)
            assert not any("/" in name or "\0" in name for name in one.names)
        for option in wish.options:
            assert not any(word in option for word in ("from", "dir", "dest", "-link", "/etc"))


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300))
def test_any_text_is_answered(command: str) -> None:
    result = answer(command)
    assert not isinstance(result, str) or result.isprintable()
