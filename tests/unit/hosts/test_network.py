from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from rig.hosts import network
from rig.hosts.network import Network
from rig.hosts.shell import HostError


def test_the_first_network_that_nobody_uses() -> None:
    used = [Network(1).subnet, IPv4Network("10.77.2.0/23"), IPv4Network("10.77.4.128/25")]
    assert network.free_number(used) == 5


def test_no_network_left_is_an_error_that_says_so() -> None:
    with pytest.raises(HostError, match="stop other runs"):
        network.free_number([IPv4Network("10.0.0.0/8")])


def test_addresses_are_given_from_the_lowest_and_never_twice() -> None:
    assert Network(9).free_address([]) == "10.77.9.2"
    assert Network(9).free_address(["10.77.9.2", "10.77.9.4"]) == "10.77.9.3"


def test_a_full_subnet_is_an_error() -> None:
    taken = [str(address) for address in Network(9).subnet.hosts()]
    with pytest.raises(HostError, match=r"no free address in 10\.77\.9\.0/24"):
        Network(9).free_address(taken)


@pytest.mark.parametrize("before", ["0\n", "1\n"])
def test_forwarding_is_on_for_hosts_and_then_as_before(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch, saved = tmp_path / "ip_forward", tmp_path / "saved"
    switch.write_text(before)
    monkeypatch.setattr(network, "_FORWARDING", switch)
    monkeypatch.setattr(network, "_SAVED", saved)

    network.turn_on_forwarding()
    network.turn_on_forwarding()
    assert switch.read_text() == "1\n"

    network.put_back_forwarding()
    network.put_back_forwarding()
    assert switch.read_text() == before
    assert not saved.exists()
