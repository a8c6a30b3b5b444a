"""The policy as a table: who, which path, what has to work and what is left open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.access import Areas, Permission, Reader, Rule, rule
from broker.access.policy import EVERYTHING, NOTHING

SEE, READ, WRITE = Permission.SEE, Permission.READ, Permission.WRITE
G = "/data/src_data/generations/2026-11-22T163000Z-7f3a"
C = "/data/src_data/catalog/2026-11-22T163000Z-7f3a"
PEOPLE = {
    "public": Reader("ann", 2001, 2001, (1,), frozenset()),
    "private": Reader("bob", 2002, 2002, (1, 2), frozenset({"private"})),
    "finance": Reader("cid", 2003, 2003, (1, 3), frozenset({"finance"})),
    "both": Reader("dan", 2004, 2004, (1, 2, 3), frozenset({"private", "finance"})),
    "nobody": Reader("nobody", 65534, 65534, (), None),
    "service": Reader("broker", 901, 901, (1, 2, 3), None, kind="service"),
    "portal": Reader("portal", 902, 902, (9,), None, kind="portal"),
    "operator": Reader("olga", 2005, 2005, (8,), None, kind="operator"),
}
READERS = {"public", "private", "finance", "both", "operator"}


@pytest.mark.parametrize(
    ("path", "verbs", "who"),
    [
        (f"{G}/views/tree", SEE | READ, READERS),
        (f"{G}/views/tree/parquet/shop/orders.parquet", SEE | READ, READERS),
        (f"{G}/views/private/tree/manifest.json.sig", SEE | READ, {"private", "both"}),
        (f"{G}/views/finance/private/tree/parquet/a/tree", SEE | READ, {"both"}),
        (f"{G}/views/finance/private", SEE, {"finance", "both"}),
        (f"{G}/views/private", SEE, READERS),
        (f"{G}/views", SEE, READERS),
        (f"{G}/parquet/hr/salaries.parquet", NOTHING, READERS),
        (f"{G}/metadata/hr/salaries.json", NOTHING, READERS),
        ("/data/src_data/staging/x/parquet", NOTHING, READERS),
        ("/data/src_data/.keys/signing_key", NOTHING, READERS),
        ("/data/src_data/current", SEE, READERS),
        ("/data/scripts/sync_data.sh", SEE | READ, READERS),
        ("/etc/data-broker/credentials/TOKEN", NOTHING, READERS),
    ],
)
def test_what_has_to_work(path: str, verbs: Permission, who: set[str]) -> None:
    for name, reader in PEOPLE.items():
        assert rule(reader, path, Areas()).must == (verbs if name in who else NOTHING), name


@pytest.mark.parametrize(
    ("path", "may"),
    [
        (f"{G}/manifest.json", SEE),
        (f"{G}/parquet/hr", NOTHING),
        (f"{G}/views/private/tree/docs", NOTHING),
        ("/data/src_data/audiences.json", SEE),
        ("/data/src_data/allowed_signers", SEE | READ),
        ("/data/input/secrets.csv", NOTHING),
        ("/etc/data-broker/instance.yaml", SEE),
        ("/etc/data-broker/metrics", SEE),
        ("/etc/data-broker/metrics/payroll.yml", NOTHING),
        ("/etc/data-broker/credentials/TOKEN", NOTHING),
        ("/etc/data-broker/authorized_keys/bob", SEE | READ),
        ("/etc/ssh/ssh_host_ed25519_key", SEE),
        ("/etc/ssh/ssh_host_ed25519_key.pub", SEE | READ),
        ("/etc/shadow", SEE),
        ("/run/broker-accounts.sock", SEE),
        ("/run/broker-publishing.sock", SEE),
        ("/opt/data-broker/current/venv/bin/broker", SEE | READ),
        ("/etc/data-broker/access_classes.json", SEE | READ),
        ("/etc/data-broker/certificate_authority", SEE),
        ("/etc/data-broker/certificate_authority.pub", SEE | READ),
        ("/etc/data-broker/deployed.json", SEE | READ),
        ("/etc/data-broker/revoked_certificates", SEE),
        ("/etc/data-broker/standing_certificates", SEE | READ),
        ("/var/lib/data-broker", SEE | READ),
        ("/var/lib/data-broker/access-proof.json", SEE),
        ("/var/lib/data-broker/syncs.json", SEE),
        ("/var/lib/data-broker/store.json", SEE),
        ("/data/src_data/.store_id", SEE),
        ("/home/bob", SEE),
        ("/home/bob/user", NOTHING),
        ("/home/.data-broker-archive", SEE),
        ("/home/.data-broker-archive/eve-2001", NOTHING),
        ("/home/ann", SEE | READ),
        ("/home/ann/.bashrc", SEE | READ),
        ("/home/ann/server/parquet", SEE | READ),
        ("/home/ann/user", EVERYTHING),
        ("/home/ann/user/scripts", EVERYTHING),
        ("/var/log/data-broker/audit.jsonl", SEE),
    ],
)
def test_what_is_left_open_to_somebody_who_reads_public_data(path: str, may: Permission) -> None:
    found = rule(PEOPLE["public"], path, Areas())
    assert found.may | found.must == may


def test_with_a_shell_the_whole_home_is_theirs() -> None:
    more = {"shell": True}
    reader = replace(PEOPLE["public"], **more)
    found = rule(reader, "/home/ann/.bashrc", Areas())
    assert found.may == EVERYTHING


@pytest.mark.parametrize("path", ["", "/views/tree/catalog.json", "/operators/held/public.json"])
def test_catalogs_are_read_by_the_portal_alone(path: str) -> None:
    for name, reader in PEOPLE.items():
        found = rule(reader, C + path, Areas())
        expected = {"service": EVERYTHING, "portal": SEE | READ}.get(name, NOTHING)
        assert (found.must, found.may) == (NOTHING, expected), name


def test_that_there_are_catalogs_tells_nothing() -> None:
    for name, reader in PEOPLE.items():
        may = rule(reader, "/data/src_data/catalog", Areas()).may
        assert may == {"service": EVERYTHING, "portal": SEE | READ}.get(name, SEE), name


parts = st.lists(
    st.sampled_from(
        ["views", "tree", "private", "finance", "parquet", "x", "generations", "catalog"]
    ),
    max_size=7,
)
stores = st.sampled_from(["/data/src_data", G, f"{G}/views"])


@given(st.sampled_from(sorted(PEOPLE.keys() - {"service"})), stores, parts)
def test_nobody_ever_writes_in_the_store_and_more_classes_never_take_away(
    who: str, start: str, rest: list[str]
) -> None:
    path = str(Path(start, *rest))
    found = rule(PEOPLE[who], path, Areas())
    assert WRITE not in found.must | found.may
    if who in READERS:
        more = rule(PEOPLE["both"], path, Areas())
        assert found.must & (more.must | more.may) == found.must


def test_wrong_is_what_is_too_much_and_what_is_missing() -> None:
    assert Rule(must=SEE | READ, may=NOTHING).wrong(SEE | WRITE) == (WRITE, READ)
    assert Rule(may=READ).wrong(READ) == (NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("/data/src_data", EVERYTHING),
        (f"{G}/parquet/hr/salaries.parquet", EVERYTHING),
        ("/data/src_data/.keys", EVERYTHING),
        ("/data", SEE | READ),
        ("/data/scripts/sync_data.sh", SEE | READ),
        ("/data/input/orders.csv", SEE | READ),
        ("/etc/data-broker", SEE | READ),
        ("/etc/data-broker/instance.yaml", SEE | READ),
        ("/etc/data-broker/data_description.md", SEE | READ),
        ("/etc/data-broker/metrics", SEE | READ),
        ("/etc/data-broker/metrics/payroll.yml", SEE | READ),
        ("/etc/data-broker/environment", SEE | READ),
        ("/etc/data-broker/signing_key", SEE),
        ("/etc/data-broker/credentials/TOKEN", NOTHING),
        ("/etc/systemd/system/broker-sync.service", SEE | READ),
        ("/opt/data-broker/current", SEE | READ),
        ("/home/ann/user", NOTHING),
        ("/run/broker-accounts.sock", SEE),
        ("/run/broker-publishing.sock", SEE),
        ("/var/lib/data-broker/access-proof.json", SEE | READ),
        ("/var/lib/data-broker/syncs.json", SEE | READ),
        ("/var/lib/data-broker/store.json", SEE | READ),
        ("/var/lib/data-broker/archive", SEE),
    ],
)
def test_the_service_writes_its_store_and_nothing_else(path: str, may: Permission) -> None:
    found = rule(PEOPLE["service"], path, Areas())
    assert found.may | found.must == may


def test_the_portal_asks_through_its_sockets_and_is_a_stranger_everywhere_else() -> None:
    for name in ("accounts", "publishing"):
        path = f"/run/broker-{name}.sock"
        assert rule(PEOPLE["portal"], path, Areas()) == Rule(must=SEE | WRITE)
    own = "/etc/data-broker/portal"
    for path, may in ((own, SEE | READ), (f"{own}/instance.yaml", SEE | READ)):
        assert rule(PEOPLE["portal"], path, Areas()) == Rule(may=may)
    for path in (f"{own}/secret_key", f"{own}/credentials"):
        assert rule(PEOPLE["portal"], path, Areas()) == Rule(may=SEE)
        assert rule(PEOPLE["nobody"], path, Areas()) == Rule()
    for path in ("/data/src_data", G, "/etc/data-broker/instance.yaml", "/home/ann/user"):
        stranger = rule(PEOPLE["nobody"], path, Areas())
        assert rule(PEOPLE["portal"], path, Areas()) == stranger
