from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker.config.colour import AA, contrast
from broker.portal.look import accent
from broker.portal.look.accent import accent_css

CSS = (Path(accent.__file__).parents[1] / "static/portal.css").read_text()


def colours(name: str) -> tuple[str, str]:
    """A colour of portal.css: the light and the dark one."""
    found = re.search(rf"--{name}: light-dark\((#[0-9a-f]{{6}}), (#[0-9a-f]{{6}})\)", CSS)
    assert found is not None, name
    return found[1], found[2]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


@pytest.mark.parametrize("colour", ["#0b5cad", "#000000", "#767676", "#c2185b", "#00695c"])
@pytest.mark.parametrize("ground", ["ground", "surface", "sunken"])
def test_an_accent_can_be_read_on_every_ground(colour: str, ground: str) -> None:
    light, dark = re.findall(r"#[0-9a-f]{6}", accent_css(colour).decode())
    on_light, on_dark = colours(ground)
    assert contrast(light, on_light) >= AA
    assert contrast(dark, on_dark) >= AA


@pytest.mark.parametrize("colour", ["#0b5cad", "#767676"])
def test_what_stands_on_a_button_can_be_read(colour: str) -> None:
    light, dark = re.findall(r"#[0-9a-f]{6}", accent_css(colour).decode())
    on_light, on_dark = colours("on-solid")
    assert contrast(on_light, light) >= AA
    assert contrast(on_dark, dark) >= AA


@pytest.mark.parametrize("ink", ["ink", "soft"])
@pytest.mark.parametrize("ground", ["ground", "surface", "sunken"])
def test_text_can_be_read_on_every_ground(ink: str, ground: str) -> None:
    for text, below in zip(colours(ink), colours(ground), strict=True):
        assert contrast(text, below) >= AA


@pytest.mark.parametrize("kind", ["good", "warn", "bad"])
def test_a_chip_can_be_read(kind: str) -> None:
    for text, below in zip(colours(kind), colours(f"{kind}-tint"), strict=True):
        assert contrast(text, below) >= AA


def test_nothing_in_the_style_comes_from_elsewhere() -> None:
    assert "@import" not in CSS
    assert "url(" not in CSS
