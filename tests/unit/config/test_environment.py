"""Variables: where they come from, who wins, and that their values are told to nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from broker.config import Section, load_instance
from broker.config.environment import read_env_file
from broker.errors import ConfigError

CANARY = "canary-3f9c1e"


def instance_of(folder: Path, text: str, environ: dict[str, str]) -> object:
    (folder / "instance.yaml").write_text(text)
    return load_instance(folder, environ)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("A = b c  ", "b c"),
        ("A=", ""),
        ("A=b # remark", "b"),
        ("A=b#c", "b#c"),
        ("A=# remark", ""),
        ("A='b # \\n $(id)'", "b # \\n $(id)"),
        ('A="b\\n\\"c\\" \\\\"', 'b\n"c" \\'),
        ("A='b' # remark", "b"),
        ("A=$(id) `id` $HOME", "$(id) `id` $HOME"),
        ("A=b=c==", "b=c=="),
    ],
)
def test_env_file_line(tmp_path: Path, line: str, value: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"\ufeff# secrets\n\n{line}\n", encoding="utf-8")
    assert read_env_file(path) == {"A": value}


@pytest.mark.parametrize("line", [CANARY, f"{CANARY} x=1", f"A='{CANARY}", f'A="{CANARY}\\"', "=x"])
def test_env_file_line_that_is_none(tmp_path: Path, line: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"B=1\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        read_env_file(path)
    assert str(caught.value) == f"{path}:2: the line is not understood; expected NAME=value"


def test_environment_wins_then_credentials_then_file(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name in ("ONE", "two", "THREE"):
        (credentials / name).write_text("credential\n")
    (tmp_path / ".env").write_text("ONE=file\nTWO=file\nTHREE=file\nFOUR=file\n")
    environ = {"CREDENTIALS_DIRECTORY": str(credentials), "ONE": "environment"}
    instance = instance_of(
        tmp_path,
        "data_source: {type: x, a: '${ONE}', b: '${TWO}', c: '${THREE}', d: '${FOUR}'}\n",
        environ,
    )
    assert instance.data_source.settings == {  # type: ignore[attr-defined]
        "a": "environment",
        "b": "credential",
        "c": "credential",
        "d": "file",
    }


def test_variable_inside_of_text_and_its_escape(tmp_path: Path) -> None:
    text = "instance:\n  name: ${A} and $${A} and $A # ${B}\n"
    instance = instance_of(tmp_path, text, {"A": "x: [y"})
    assert instance.instance.name == "x: [y and ${A} and $A"  # type: ignore[attr-defined]


def test_variable_may_be_a_number(tmp_path: Path) -> None:
    instance = instance_of(tmp_path, "sync: {threads: '${N}'}\n", {"N": "7"})
    assert instance.sync.threads == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        f"data_source: {{type: x, token: {CANARY}}}\n",
        "data_source: {type: x, nested: {token: '${TOKEN}'}}\n",
        "data_source: {type: x, list: ['${TOKEN}']}\n",
    ],
)
def test_secret_is_in_no_picture_of_the_instance(tmp_path: Path, text: str) -> None:
    instance = load_instance_of_text(tmp_path, text)
    for picture in (repr(instance), str(instance), instance.model_dump_json()):
        assert CANARY not in picture


def load_instance_of_text(folder: Path, text: str) -> object:
    return instance_of(folder, text, {"TOKEN": CANARY})


def test_settings_mask_what_came_from_a_variable(tmp_path: Path) -> None:
    instance = load_instance_of_text(tmp_path, "data_source: {type: x, a: [{b: '${TOKEN}'}]}\n")
    settings = instance.data_source.settings  # type: ignore[attr-defined]
    assert settings == {"a": [{"b": CANARY}]}
    assert CANARY not in repr(settings)


@pytest.mark.parametrize(
    "text",
    [
        "sync: {threads: '${TOKEN}'}\n",
        "sync: {memory_limit: '${TOKEN}', retention: '${TOKEN}'}\n",
        "data_source: {type: 'A ${TOKEN}'}\n",
        "auth: '${TOKEN}'\n",
        "data_source: '${TOKEN}'\n",
        "access_classes: {hr: '${TOKEN} '}\n",
        "datasets: {a: {requires: ['${TOKEN}']}}\n",
    ],
)
def test_secret_is_in_no_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_instance_of_text(tmp_path, text)
    assert "${TOKEN}" in str(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        assert CANARY not in str(error)
        assert CANARY not in repr(error)
        error = error.__cause__ or error.__context__


class Settings(Section):
    """What a kind of source might ask for."""

    token: SecretStr
    path: str
    days: int = 1


def test_source_reads_its_settings_with_places(tmp_path: Path) -> None:
    text = "data_source:\n  type: x\n  path: in\n  token: ${TOKEN}\n  days: '3'\n"
    source = load_instance_of_text(tmp_path, text).data_source  # type: ignore[attr-defined]
    settings = source.parse(Settings)
    assert settings.token.get_secret_value() == CANARY
    assert settings.path == str(tmp_path / "in")
    assert settings.days == 3
    assert source.where("token") == f"{tmp_path}/instance.yaml:4"


def test_source_tells_wrong_settings_but_no_secret(tmp_path: Path) -> None:
    text = (
        f"sources:\n  crm:\n    type: x\n    token: [{CANARY}]\n    days: ${{TOKEN}}\n    pth: a\n"
    )
    source = load_instance_of_text(tmp_path, text).sources["crm"]  # type: ignore[attr-defined]
    with pytest.raises(ConfigError) as caught:
        source.parse(Settings)
    where = f"{tmp_path}/instance.yaml"
    assert str(caught.value).splitlines() == [
        f"{where}:2: sources.crm.path is missing",
        f"{where}:4: sources.crm.token is wrong; expected text",
        f"{where}:5: sources.crm.days is wrong; expected a whole number; found '${{TOKEN}}'",
        f"{where}:6: unknown key 'pth' in sources.crm; expected token, path or days. "
        "Did you mean 'path'?",
    ]


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("in", "{folder}/in"),
        ("../in", "{folder}/../in"),
        ("/data/in", "/data/in"),
        ("https://example.com/in", "https://example.com/in"),
        ("s3://bucket/in", "s3://bucket/in"),
    ],
)
def test_paths_are_relative_to_the_config_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, seen: str
) -> None:
    monkeypatch.chdir(tmp_path.parent)
    (tmp_path / "instance.yaml").write_text(f"data_source: {{type: csv, path: '{path}'}}\n")
    source = load_instance(Path(tmp_path.name), {}).data_source
    assert source is not None
    assert source.settings["path"] == seen.format(folder=tmp_path)


def test_who_opens_no_source_needs_no_secret(tmp_path: Path) -> None:
    text = "data_source: {type: csv, path: '${NOBODY_HAS_IT}'}\ninstance: {name: '${KNOWN}'}\n"
    (tmp_path / "instance.yaml").write_text(text)
    with pytest.raises(ConfigError, match="NOBODY_HAS_IT is not set"):
        load_instance(tmp_path, {"KNOWN": "Juniper"})
    assert load_instance(tmp_path, {"KNOWN": "Juniper"}, secrets=False).instance.name == "Juniper"
