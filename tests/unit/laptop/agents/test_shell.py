from __future__ import annotations

from pathlib import PurePath

import pytest

from broker.laptop.agents.shell import commands_of
from broker.laptop.agents.shell_words import UnreadableLineError

HERE = PurePath("/data")


def named(line: str) -> list[tuple[str, ...]]:
    return [(one.name, *one.words) for one in commands_of(line, HERE)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("ls -l", [("ls", "-l")]),
        ("a; b & c && d || e | f |& g\nh", [(name,) for name in "abcdefgh"]),
        ("(cd x; rm y)", [("cd", "x"), ("rm", "y")]),
        ("echo 'rm -rf server; x' \"a b\" c\\ d", [("echo", "rm -rf server; x", "a b", "c d")]),
        ("echo a#b # don't", [("echo", "a#b")]),
        ("# don't\nrm x", [("rm", "x")]),
        ("/bin/rm x", [("rm", "x")]),
        ("A=1 B='x y' rm x", [("rm", "x")]),
        ("if true; then rm x; fi", [("true",), ("rm", "x"), ("fi",)]),
        ("sudo -u root rm x", [("rm", "x")]),
        ("env -u A B=1 rm x", [("rm", "x")]),
        ("timeout -k 5 60 nice -n 5 rm x", [("rm", "x")]),
        ("nohup command rm x", [("rm", "x")]),
        ("rm a\\\n b", [("rm", "a", "b")]),
        ("echo $(rm x)", [("echo", "$(rm x)"), ("rm", "x")]),
        ('echo "a $(rm "x y") b"', [("echo", 'a $(rm "x y") b'), ("rm", "x y")]),
        ("echo `rm x`", [("echo", "`rm x`"), ("rm", "x")]),
        ("cat <(rm x)", [("cat",), ("rm", "x")]),
        ("echo $((1<<n)) $'it\\'s' ; rm x", [("echo", "$((1<<n))", "it's"), ("rm", "x")]),
        ("python3 -c 'x << y'\nrm x", [("python3", "-c", "x << y"), ("rm", "x")]),
        ("grep a <<<b\nrm x", [("grep", "a"), ("rm", "x")]),
        ("cat <<'END-OF'\nit's\nEND-OF\nrm x", [("cat",), ("rm", "x")]),
        ("cat <<\\E\nit's\nE\nrm x", [("cat",), ("rm", "x")]),
        ("ls | xargs -n 1 rm x", [("ls",), ("rm", "x")]),
        ("bash -c 'rm x'", [("bash", "-c", "rm x"), ("rm", "x")]),
        ("sh -ec 'cd a; rm x'", [("sh", "-ec", "cd a; rm x"), ("cd", "a"), ("rm", "x")]),
        ("eval rm x", [("eval", "rm", "x"), ("rm", "x")]),
        ("bash x.sh", [("bash", "x.sh")]),
    ],
)
def test_a_line_is_its_commands(line: str, expected: list[tuple[str, ...]]) -> None:
    assert named(line) == expected


@pytest.mark.parametrize(
    ("line", "name", "writes"),
    [
        ("echo x > a", "echo", ("a",)),
        ("echo x >>a 2>b", "echo", ("a", "b")),
        ("echo x >| a", "echo", ("a",)),
        ("echo x &> a", "echo", ("a",)),
        ("ls 2>&1", "ls", ()),
        ("wc < a", "wc", ()),
        ("> a", "", ("a",)),
        ("echo '> a'", "echo", ()),
        ("true;>a", "true", ()),
        ("echo x>a", "echo", ("a",)),
    ],
)
def test_files_that_the_shell_opens_are_found(
    line: str, name: str, writes: tuple[str, ...]
) -> None:
    found = next(iter(commands_of(line, HERE)))
    assert (found.name, found.writes) == (name, writes)


def test_a_text_below_the_line_belongs_to_its_command() -> None:
    line = "python3 - <<'E' > out\nimport x\nrm server\nE\ncat <<-F\n\ta\n\tF\nls"
    assert [(one.name, one.stdin, one.writes) for one in commands_of(line, HERE)] == [
        ("python3", "import x\nrm server", ("out",)),
        ("cat", "\ta", ()),
        ("ls", "", ()),
    ]


def test_a_text_for_a_shell_is_commands() -> None:
    assert ("rm", "x") in named("bash <<E\nrm x\nE")
    assert ("rm", "x") in named("bash <<<'rm x'")
    assert ("rm", "x") not in named("bash script.sh <<E\nrm x\nE")


def test_commands_after_cd_stand_there() -> None:
    line = "cd a && cd ../b && rm x; bash -c 'cd c; rm y'"
    found = {one.words[0]: str(one.cwd) for one in commands_of(line, HERE) if one.name == "rm"}
    assert found == {"x": "/data/a/../b", "y": "/data/a/../b/c"}


@pytest.mark.parametrize("line", ["echo 'x", 'rm "x', "echo `x", "echo $(x"])
def test_a_quote_or_a_bracket_without_end_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"No closing (quotation|bracket)"):
        list(commands_of(line, HERE))


@pytest.mark.parametrize("line", ["echo " + "x" * 200_000, "echo " + "$(" * 41 + ")" * 41])
def test_what_is_too_long_or_too_deep_is_not_read(line: str) -> None:
    with pytest.raises(UnreadableLineError):
        list(commands_of(line, HERE))


def test_a_script_in_a_script_in_a_script_ends_somewhere() -> None:
    line = "rm x"
    for _ in range(12):
        line = f"eval {line}"
    assert named(line)[-1][0] == "eval"
