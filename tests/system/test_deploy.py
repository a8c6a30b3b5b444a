"""What a deploy promises an operator: it is repeatable, and it tells drift before it mends it."""

from __future__ import annotations

import pytest

from tests.documented import documented
from tests.hosts import RELEASES

from .deploy import Broker

pytestmark = pytest.mark.system

UNIT = "/etc/systemd/system/broker-sync.timer"
every_release = pytest.mark.parametrize("deployed", RELEASES, indirect=True, ids=str)


@every_release
def test_a_second_deploy_changes_nothing(deployed: Broker) -> None:
    for command in documented("operations-deploy"):
        assert deployed.type(command).changed == 0


@every_release
def test_a_check_after_a_deploy_shows_no_difference(deployed: Broker) -> None:
    (command,) = documented("operations-check")
    checked = deployed.type(command)
    assert checked.changed == 0
    assert "--- before" not in checked.output


def test_drift_shows_in_a_check_and_the_next_deploy_mends_it(deployed: Broker) -> None:
    intended = deployed.host.run(f"cat {UNIT}").stdout
    deployed.host.run(f"sed -i 's/^OnCalendar=.*/OnCalendar=yearly/' {UNIT}")

    checked = deployed.play("site.yml", "--check", "--diff")
    assert "-OnCalendar=yearly" in checked.output
    assert "OnCalendar=yearly" in deployed.host.run(f"cat {UNIT}").stdout

    deployed.play("site.yml")
    assert deployed.host.run(f"cat {UNIT}").stdout == intended
    assert deployed.play("site.yml", "--check").changed == 0
