"""When a token was used last, as the page of its person says it."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Browser, expect

from ..judging import opened
from .gallery import staged

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone"),
]


def test_a_token_is_shown_with_its_last_use_and_no_other_one(chromium: Browser) -> None:
    with staged() as stage:
        page = opened(chromium, f"{stage.origin}/keys")
        page.get_by_label("Name", exact=True).last.fill("nightly report")
        page.get_by_label("me:read").check()
        page.get_by_role("button", name="Make token").click()
        token = page.locator("#token").inner_text()
        page.get_by_role("link", name="I have copied it").click()
        used = page.get_by_role("row", name="nightly report").get_by_role("cell").nth(1)
        other = page.get_by_role("row", name="test 2").get_by_role("cell").nth(1)
        for text, status, last_use in ((f"{token[:-1]}x", 401, "never"), (token, 200, "just now")):
            answer = page.request.get(
                f"{stage.origin}/api/v1/me", headers={"Authorization": f"Bearer {text}"}
            )
            assert answer.status == status
            page.reload()
            expect(used).to_have_text(last_use)
            expect(other).to_have_text("never")
        assert used.locator("time").get_attribute("datetime")
        page.close()
