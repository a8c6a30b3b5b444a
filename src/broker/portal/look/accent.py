"""The accent of an instance as CSS, readable on every ground of ``portal.css``. Pure."""

from __future__ import annotations

from ...config.colour import nearest_readable

__all__ = ["accent_css"]

# The grounds of portal.css on which contrast is least: light links stand on the darkest light one.
_LIGHT = "#e6ebf2"
_DARK = "#2a313b"


def accent_css(accent: str) -> bytes:
    """The two colours that ``portal.css`` needs: on light grounds and on dark ones."""
    light = nearest_readable(accent, _LIGHT, towards="#000000")
    dark = nearest_readable(accent, _DARK, towards="#ffffff")
    return f":root {{\n  --accent: {light};\n  --accent-on-dark: {dark};\n}}\n".encode()
