"""The slow way between two hosts: when packets arrive, and which are lost."""

from __future__ import annotations

from rig.hosts.link import Way

PACKET = bytes(1250)  # 10,000 bits: a hundredth of a second


def arrivals(way: Way, until: float) -> list[float]:
    """The times in hundredths of a second at which packets arrive."""
    return [at / 100 for at in range(round(until * 100) + 1) for _ in way.arrived(at / 100 + 1e-9)]


def test_a_packet_takes_its_share_of_a_second_and_the_delay() -> None:
    way = Way(1e6, 0.5)
    way.take(PACKET, 0.0)
    assert arrivals(way, 1) == [0.51]


def test_packets_wait_for_each_other_and_keep_their_order() -> None:
    way = Way(1e6, 0.0)
    for _ in range(3):
        way.take(PACKET, 0.0)
    assert arrivals(way, 1) == [0.01, 0.02, 0.03]


def test_a_link_that_was_idle_does_not_catch_up() -> None:
    way = Way(1e6, 0.0)
    way.take(PACKET, 0.0)
    way.take(PACKET, 0.5)
    assert arrivals(way, 1) == [0.01, 0.51]
    assert way.next == float("inf")


def test_one_more_than_may_wait_is_lost() -> None:
    way = Way(1e6, 0.0)
    for _ in range(1_200):
        way.take(PACKET, 0.0)
    assert len(arrivals(way, 20)) == 1_000
