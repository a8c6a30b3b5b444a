"""What all templates know: the instance's words, how numbers look, where files stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request
from markupsafe import Markup, escape

from ...catalog.model import LONGEST_TITLE
from ...config import Instance
from ...foreign.shares import percent, share
from ...foreign.text import prose, shown
from ..look import figures
from ..look.files import browser_files, files_blueprint
from ..look.pages import requested_page
from ..look.theme import THEMES, chosen_theme, theme
from ..reading.freshness import freshness_of, is_late
from ..reading.metrics import value_type
from ..reading.profile import taken_at
from ..reading.search import MARK_BEGINS, MARK_ENDS
from ..viewer import Viewer
from .failures import handle_missing_catalogs

__all__ = ["NavigationItem", "below_title", "dress", "marked", "paragraphs", "support_link"]

_STRATEGIES = {
    "full_refresh": "Loaded as a whole",
    "incremental": "Changed rows are merged in",
    "partitioned": "Loaded by partition",
}


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """A page that every page leads to. ``for_admins`` hides it from all others."""

    endpoint: str
    title: str
    for_admins: bool = False


def dress(
    app: Flask, instance: Instance, logo: Path | None, navigation: Iterable[NavigationItem]
) -> None:
    """Give an app its files, its theme, its filters and what its pages have in common.

    Raises ``ConfigError`` for a logo that is not one.
    """
    files = browser_files(instance, logo)
    app.register_blueprint(files_blueprint(files))
    app.register_blueprint(theme)
    app.extensions.setdefault("clock", lambda: datetime.now(UTC))
    handle_missing_catalogs(app)
    app.jinja_env.filters |= {
        "number": figures.number,
        "counted": figures.counted,
        "amount": figures.amount,
        "duration": figures.duration,
        "moment": figures.moment,
        "machine_time": figures.machine_time,
        "edge": figures.decimal_text,
        "shown": shown,
        "prose": prose,
        "paragraphs": paragraphs,
        "below_title": below_title,
        "marked": marked,
    }
    identity = instance.instance
    app.jinja_env.globals |= {
        "file": files.address,
        "has_logo": "logo" in files,
        "identity": identity,
        "support": support_link(identity.support),
        "themes": THEMES,
        "in_pages": requested_page,
        "share": share,
        "percent": percent,
        "age": figures.age,
        "freshness": freshness_of,
        "is_late": is_late,
        "taken_at": taken_at,
        "value_type": value_type,
        "strategies": _STRATEGIES,
    }
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["initials_of"] = lambda viewer: _initials(instance, viewer)
    items = tuple(navigation)

    @app.context_processor
    def common() -> dict[str, Any]:
        """Of each request."""
        places = (item for item in items if item.endpoint in current_app.view_functions)
        part = request.blueprint
        return {
            "theme": chosen_theme(),
            "now": app.extensions["clock"](),
            "navigation": [(item, item.endpoint.partition(".")[0] == part) for item in places],
        }


def _initials(instance: Instance, viewer: Viewer) -> str:
    user = instance.users.get(viewer.account) if viewer.account is not None else None
    return user.initials if user is not None else ""


def support_link(support: str) -> tuple[str, str] | None:
    """Where a contact leads, and its text; None where there is none."""
    if not support:
        return None
    return (support if support.startswith("https://") else f"mailto:{support}"), support


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a description, each on one line, safe to show.

    Marks of Markdown stay as they were typed: a description is foreign text, and is never markup.
    """
    blocks = "\n".join(line.strip() for line in text.splitlines()).split("\n\n")
    return [prose(block) for block in blocks if block.strip()]


def below_title(text: str) -> list[str]:
    """The same without the line that pages show as the title: the first, unless it was cut."""
    lines = text.strip().splitlines()
    is_whole = bool(lines) and len(lines[0].lstrip("#").strip()) <= LONGEST_TITLE
    return paragraphs("\n".join(lines[1:]) if is_whole else text)


def marked(text: str) -> Markup:
    """The text with what was found in it as ``<mark>``."""
    escaped = str(escape(text))
    return Markup(escaped.replace(MARK_BEGINS, "<mark>").replace(MARK_ENDS, "</mark>"))  # noqa: S704
