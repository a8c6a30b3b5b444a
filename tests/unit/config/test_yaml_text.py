from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from broker.config.yaml_text import readable_yaml
from broker.foreign.text import is_plain

TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from("\n\t\"'\\: #-\u202e\x1b\x85\ufeff"))
DUMPERS = (yaml.SafeDumper, yaml.CSafeDumper)


@pytest.mark.parametrize("dumper", DUMPERS)
@given(st.dictionaries(TEXT, TEXT | st.lists(TEXT)))
def test_yaml_stays_what_it_was_and_prints(dumper: type, value: dict[str, object]) -> None:
    document = readable_yaml(value, dumper)
    assert yaml.safe_load(document) == value
    assert all(map(is_plain, document.split("\n")))


def test_letters_of_every_language_stand_as_they_are() -> None:
    assert readable_yaml({"město": "Plzeň\u202e"}, yaml.SafeDumper) == 'město: "Plzeň\\U0000202e"\n'
