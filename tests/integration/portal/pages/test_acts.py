"""Pages that an act or a failure makes, and every form that is refused, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.unit.portal.scene import scene

from ..judging import check_fits, opened, violations
from .acts import ACTS
from .gallery import Stage, staged
from .refusals import NEVER_REFUSED, REFUSALS

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone"),
]


Stages = Callable[[str | None], Stage]


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    """One for each person, for what leaves it as it was."""
    with ExitStack() as stack:
        yield cache(lambda person: stack.enter_context(staged(person)))


@pytest.mark.parametrize("name", ACTS)
def test_axe_finds_nothing_where_an_act_leads_and_it_fits_a_phone(
    chromium: Browser, axe: str, name: str
) -> None:
    act = ACTS[name]
    with staged(act.person) as stage:
        _judge(chromium, axe, stage, act.do, act.words)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_form_says_why_and_axe_finds_nothing(
    chromium: Browser, axe: str, stages: Stages, name: str
) -> None:
    refusal = REFUSALS[name]
    if refusal.is_harmless:
        _judge(chromium, axe, stages(refusal.person), refusal.send, refusal.words)
    else:
        with staged(refusal.person) as stage:
            _judge(chromium, axe, stage, refusal.send, refusal.words)


def _judge(
    chromium: Browser, axe: str, stage: Stage, lead: Callable[[Page, Stage], None], words: str
) -> None:
    page = opened(chromium, f"{stage.origin}/healthz", "phone")
    lead(page, stage)
    expect(page.locator("body")).to_contain_text(words)
    assert violations(page, axe) == []
    check_fits(page)
    page.close()


def test_every_form_is_sent_with_a_wrong_value() -> None:
    with scene() as made:
        posts = {
            rule.endpoint
            for rule in made.app.url_map.iter_rules()
            if "POST" in (rule.methods or ()) and not rule.rule.startswith("/api/")
        }
    assert posts == {*REFUSALS} | NEVER_REFUSED
