"""What the unit of the portal gives to its process, and what keeps it from starting."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from broker.errors import BrokerError, ConfigError
from broker.portal import server
from broker.portal.app import create_app
from broker.portal.wsgi import application, settings_of

KEY = "k" * 43


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    for name in ("config", "credentials", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "config/instance.yaml").write_text("instance: {name: Acme}\n")
    (tmp_path / "credentials/secret_key").write_text(f"{KEY}\n")
    return {
        "PORTAL_ORIGIN": "https://data.example.com",
        "CONFIG_DIR": str(tmp_path / "config"),
        "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
        "STATE_DIRECTORY": str(tmp_path / "state"),
    }


def test_settings_come_from_the_unit_and_its_credentials(environment: dict[str, str]) -> None:
    found = settings_of(environment)
    assert (found.instance.instance.name, found.secret_key) == ("Acme", KEY)
    assert (found.host, found.store) == ("data.example.com", Path("/data/src_data"))
    assert found.state == Path(environment["STATE_DIRECTORY"])
    assert found.logo is None
    folder = Path(environment["CONFIG_DIR"])
    (folder / "instance.yaml").write_text("instance: {logo: logo.svg}\n")
    assert settings_of(environment).logo == folder / "logo.svg"


@pytest.mark.parametrize(
    "name", ["PORTAL_ORIGIN", "CONFIG_DIR", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"]
)
def test_what_the_unit_does_not_give_is_one_sentence(
    environment: dict[str, str], name: str
) -> None:
    for value in (None, ""):
        given = {one: text for one, text in environment.items() if one != name}
        with pytest.raises(ConfigError, match="not started as its unit starts it") as caught:
            settings_of(given if value is None else {**given, name: value})
        assert caught.value.where == name


@pytest.mark.parametrize(
    "origin",
    [
        "http://data.example.com",
        "https://data.example.com/",
        "https://Data.example.com",
        "https://data.example.com\nx",
        "https://a@data.example.com",
    ],
)
def test_an_address_that_no_certificate_is_for_is_refused(
    environment: dict[str, str], origin: str
) -> None:
    with pytest.raises(ConfigError, match="not the address of a portal"):
        settings_of({**environment, "PORTAL_ORIGIN": origin})


def test_two_addresses_that_differ_are_refused(environment: dict[str, str]) -> None:
    path = Path(environment["CONFIG_DIR"]) / "instance.yaml"
    path.write_text("instance: {origin: 'https://data.example.com'}\n")
    assert settings_of(environment).origin == "https://data.example.com"
    path.write_text("instance: {origin: 'https://other.example.com'}\n")
    with pytest.raises(ConfigError, match="another address") as caught:
        settings_of(environment)
    assert caught.value.found == "https://other.example.com"


def test_a_key_that_is_missing_or_short_is_refused_and_not_shown(
    environment: dict[str, str],
) -> None:
    path = Path(environment["CREDENTIALS_DIRECTORY"]) / "secret_key"
    path.write_text("short-key\n")
    with pytest.raises(ConfigError, match="too short") as caught:
        settings_of(environment)
    assert "short-key" not in str(caught.value)
    path.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        settings_of(environment)


def test_a_process_that_cannot_start_ends_with_one_sentence(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert application().test_client().get("/healthz").status_code == 200
    monkeypatch.setenv("PORTAL_ORIGIN", "no")
    with pytest.raises(SystemExit) as ended:
        application()
    assert ended.value.code == ConfigError.exit_code != BrokerError.exit_code
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("broker-portal: PORTAL_ORIGIN: ")] == lines


def test_gunicorn_knows_each_setting_and_is_ready_only_once_the_application_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = pytest.importorskip("gunicorn.config")
    monkeypatch.setenv("PORTAL_WORKERS", "3")
    values = vars(importlib.reload(server))
    aside = ("annotations", "os", "signal", "Any")
    settings = {
        name: value
        for name, value in values.items()
        if not name.startswith("_") and name not in aside
    }
    known = config.Config()
    for name, value in settings.items():
        known.set(name, value)
    assert (known.workers, known.preload_app, known.worker_class_str) == (3, True, "gthread")
    assert known.graceful_timeout < 45  # TimeoutStopSec= of its unit


def test_no_process_uses_a_connection_of_the_one_that_made_it(environment: dict[str, str]) -> None:
    app = create_app(settings_of(environment))
    engine = app.extensions["database"].engine
    with engine.connect():
        pass
    assert engine.pool.checkedin() == 1
    server.post_fork(None, SimpleNamespace(app=SimpleNamespace(wsgi=lambda: app)))
    assert engine.pool.checkedin() == 0
