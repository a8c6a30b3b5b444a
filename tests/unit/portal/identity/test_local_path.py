from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.portal.identity.local_path import local_path

from ..conftest import ORIGIN


@pytest.mark.parametrize(
    "path", ["/", "/catalog", "/catalog/crm/orders?tab=history&q=a%2Fb", "/t/a-b_c.d~e", "/a?b=//c"]
)
def test_a_page_of_this_site_is_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *(None, "", "catalog", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil"),
        *("https://evil.example/", "javascript:alert(1)", "/\t/evil.example", " /catalog"),
        *(
            "/\r\nSet-Cookie: a=b",
            "/a b",
            "/a\x00",
            "/a\u202eb",
            "/a#b",
            "/x//evil",
            "/" + "a" * 500,
        ),
        *("/.//evil.example", "/%00\n", "/\u2044/evil", "/a<b>"),
    ],
)
def test_all_else_is_the_start_page(path: str | None) -> None:
    assert local_path(path) == "/"


@given(st.text(alphabet="/\\.:@?#%&=ae \t\n\x00\u2044", max_size=12))
def test_whatever_comes_a_browser_stays_on_this_site(text: str) -> None:
    found = local_path(text)
    # Browsers leave out tabs and line ends, and read a backslash as a slash.
    read = "".join(one for one in found if one not in "\t\r\n").replace("\\", "/")
    assert urlsplit(urljoin(ORIGIN + "/sign-in", read)).netloc == urlsplit(ORIGIN).netloc
    assert found.isascii()
