"""Which secrets are replaced in a transcript. None of these is one: they are made up here."""

from __future__ import annotations

import json

import pytest

from broker.laptop.sessions.secrets import without_secrets

LETTERS = "Ab3" * 40
PEM = "-----BEGIN {0}PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BA\n-----END {0}PRIVATE KEY-----"
HIDDEN = "hunter2-and-more"


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("private key", PEM.format("")),
        ("private key", PEM.format("OPENSSH ")),
        ("private key", PEM.format("RSA ").replace("\n", "\\n")),
        ("private key", PEM.format("").partition("-----END")[0].rstrip()),
        ("JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP"),
        ("AWS key", "AKIA" + "QWERTYUIOPASDFGH"[:16]),
        ("AWS key", "ASIA" + "QWERTYUIOPASDFGH"[:16]),
        ("Google key", "AIza" + LETTERS[:35]),
        ("Google key", "ya29." + LETTERS[:60]),
        ("Google key", "GOCSPX-" + LETTERS[:28]),
        ("GitHub token", "ghp_" + LETTERS[:36]),
        ("GitHub token", "github_pat_" + LETTERS[:22] + "_" + LETTERS[:59]),
        ("GitLab token", "glpat-" + LETTERS[:20]),
        ("Slack token", "xoxb-123456789012-1234567890123-" + LETTERS[:24]),
        ("Slack token", "xapp-1-A0123-456-" + LETTERS[:30]),
        ("Slack token", "hooks.slack.com/services/T00000000/B00000000/" + LETTERS[:24]),
        ("Keboola token", "1234-567890-" + LETTERS[:40]),
        ("API key", "sk-ant-api03-" + LETTERS[:90]),
        ("API key", "sk-proj-" + LETTERS[:40]),
        ("API key", "sk_live_" + LETTERS[:24]),
        ("API key", "npm_" + LETTERS[:36]),
        ("API key", "pypi-" + LETTERS[:80]),
        ("Telegram token", "123456789:" + LETTERS[:35]),
        ("age key", "AGE-SECRET-KEY-1" + LETTERS[:58].upper()),
    ],
)
def test_a_key_is_known_by_its_shape_wherever_it_stands(kind: str, secret: str) -> None:
    is_cut_off = kind == "private key" and "END" not in secret  # it goes to the end of the text
    for before, end in (("", ""), ("see ", " there"), ('{"x": "', '"}'), ("(", ")")):
        after = "" if is_cut_off else end
        found = without_secrets(before + secret + after)
        assert found == f"{before}[redacted: {kind}]{after}"


@pytest.mark.parametrize(
    "text",
    [
        "password = {}",
        "password: {}",
        'PASSWORD="{}"',
        "export PGPASSWORD={} && psql",
        '{{"api_key": "{}"}}',
        '{{\\"client_secret\\": \\"{}\\"}}',
        '{{\\\\\\"token\\\\\\": \\\\\\"{}\\\\\\"}}',
        "aws_secret_access_key={}",
        "AccountKey={};EndpointSuffix=x",
        "curl --token {} https://x",
        "mysql --db-password={} -e x",
        "https://x.example/?access_token={}&page=2",
        "postgres://anna:{}@db.example/x",
        "https://anna:{}/with@slash@x".replace("/with", "with"),
        "Authorization: Bearer {}",
        "curl -H 'authorization: Basic {}'",
        "X: Bearer {}",
        "CREATE USER x IDENTIFIED BY '{}'",
    ],
)
def test_what_stands_beside_a_name_of_secrets_goes(text: str) -> None:
    found = without_secrets(text.format(HIDDEN))
    assert HIDDEN not in found
    assert "[redacted]" in found
    assert found.startswith(text.partition("{}")[0].replace("{{", "{").rstrip("\"'"))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT token_count, secret_santa FROM orders WHERE id = 1",
        "the password is not here",
        "generation 2026-11-01T120001Z-0000",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "11111111-2222-4333-8444-555555555555",
        "https://x.example/a:b@c",
        "2026-11-29 23:59:01",
        "task-list-and-other-names-with-many-letters",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_values_of_keys_with_such_a_name_go_whole() -> None:
    found = without_secrets(
        {
            "apiKey": "a b",
            "DB_PASSWORD": "x",
            "accessToken": "y",
            "usage": {"input_tokens": 5, "cache": None, "is_on": True},
            "credentials": {"user": "anna", "password": "z"},
            "monkey": "banana",
            "password": "",
        }
    )
    assert found == {
        "apiKey": "[redacted: value of this name]",
        "DB_PASSWORD": "[redacted: value of this name]",
        "accessToken": "[redacted: value of this name]",
        "usage": {"input_tokens": 5, "cache": None, "is_on": True},
        "credentials": {"user": "anna", "password": "[redacted: value of this name]"},
        "monkey": "banana",
        "password": "",
    }


def test_a_secret_that_is_a_key_goes_too() -> None:
    assert without_secrets({"ghp_" + LETTERS[:36]: 1}) == {"[redacted: GitHub token]": 1}


def test_a_key_in_several_lines_of_a_list_goes() -> None:
    lines = ["+cat key", *(f"+{one}" for one in PEM.format("RSA ").split("\n")), "+next"]
    assert without_secrets(lines) == ["+cat key", "+[redacted: private key]", "+next"]
    assert without_secrets(["a", 1, ["b"]]) == ["a", 1, ["b"]]


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep = json.loads("[" * 500 + "]" * 500)
    with pytest.raises(ValueError, match="nested too deeply"):
        without_secrets(deep)


def test_what_was_redacted_stays_as_it_is() -> None:
    once = without_secrets(f"token={HIDDEN} {PEM.format('')}")
    assert without_secrets(once) == once
