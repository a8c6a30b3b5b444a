"""Commands that pages show to be copied: they are whole, and do what the page says."""

from __future__ import annotations

import html
import os
import re
import shlex

import pytest

from broker.accounts.manage import converge
from broker.accounts.records.model import parse_request
from tests.unit.accounts.scratch import public_key
from tests.unit.portal.scene import INSTANCE, ORIGIN, Scene, scene

from .pages.reading_html import words

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")


def copied(page: str, name: str) -> str:
    """The text that the button beside it copies."""
    found = re.search(rf'<pre class="select" id="{name}"><code>(.*?)</code></pre>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def test_the_command_beside_a_new_token_asks_this_portal_with_it(portal: Scene) -> None:
    form = {"name": "laptop", "days": "7", "scope": "me:read"}
    answer = portal.browser("anna").post(
        "/tokens/make", data=form, base_url=ORIGIN, headers={"X-Forwarded-Host": "evil.example"}
    )
    command = shlex.split(copied(answer.text, "try"))
    assert command[:2] == ["curl", "-H"]
    header, address = command[2:]
    assert address == f"{ORIGIN}/api/v1/me"
    name, _, value = header.partition(": ")
    path = address.removeprefix(ORIGIN)
    found = portal.app.test_client().get(path, base_url=ORIGIN, headers={name: value})
    assert (found.status_code, found.json["email"]) == (200, "anna@example.com")


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ({"host": "192.0.2.7"}, "192.0.2.7"),
        ({"host": "192.0.2.7", "hostname": "broker.example.org"}, "broker.example.org"),
        ({"hostname": "broker.example.org"}, "broker.example.org"),
    ],
)
def test_the_line_for_a_laptop_has_the_hostname_of_the_configuration(
    server: dict[str, str], name: str
) -> None:
    with scene({**INSTANCE, "server": server}) as made:
        made.door.add("anna", email="anna@example.com")
        made.add("anna", "anna")
        page = html.unescape(made.browser("anna").get("/welcome").text)
        assert f"anna@{name}" in page


def test_the_page_of_an_account_of_the_inventory_says_to_take_it_out_there(portal: Scene) -> None:
    portal.door.add("emil", email="emil@example.com")
    wish = parse_request("fred", keys=[public_key("fred")], origin="declared")
    converge([wish], portal.door.host)
    sentence = "The inventory declares this account: take it out there, too"
    dora = portal.browser("dora")
    assert sentence in words(dora.get("/admin/accounts/fred").text)
    assert sentence not in words(dora.get("/admin/accounts/emil").text)
