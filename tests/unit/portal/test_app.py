from __future__ import annotations

from flask.testing import FlaskClient


def test_it_answers_before_anything_else_is_there(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "Set-Cookie" not in answer.headers


def test_no_page_runs_what_stands_in_it_or_comes_from_elsewhere(client: FlaskClient) -> None:
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert {word for word in policy.split() if ":" in word or "*" in word} == set()
