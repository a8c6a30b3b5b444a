from __future__ import annotations

from pathlib import Path

import pytest

import broker.cli


def test_words_that_a_unit_may_not_show_are_read_from_its_credential(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["broker", "--words-in-credential"])
    (tmp_path / "broker.words").write_bytes(b"approve\0--no such option\0\n\0hr/payr\xffll\0")
    with pytest.raises(SystemExit) as ended:
        broker.cli.main()
    assert ended.value.code == 2
    assert "--no such option" in capsys.readouterr().err
    assert broker.cli.words_in_credential(tmp_path)[2:] == ["\n", "hr/payr\udcffll"]
