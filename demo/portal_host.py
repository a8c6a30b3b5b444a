"""The portal of the broker's host: who signs in there, what they see, and the admin's way in."""

from __future__ import annotations

from rig.hosts import Run
from rig.identity_provider import handed_on

from . import provider
from .board import Board, Step
from .commands import Commands, DemoError
from .places import STATE
from .state import tell_inventory
from .story import ANALYST
from .tour import look_around

__all__ = ["PortalHost"]

CERTIFICATE = STATE / "portal.pem"


class PortalHost:
    """The portal of the host called ``broker`` of a run, which answers under its address."""

    def __init__(self, run: Run, board: Board, commands: Commands) -> None:
        """Nothing happens yet."""
        self._run = run
        self._board = board
        self._commands = commands
        self._has_provider = False

    @property
    def origin(self) -> str:
        """Where browsers of this machine find it."""
        return f"https://{self._run.host('broker').address}"

    def offer_sign_in(self) -> None:
        """Start the provider, and let ``inventories/demo`` name it; without one, go on."""
        with self._board.step("Start an identity provider") as step:
            gateway = str(self._run.network().gateway)
            try:
                issuer, secret = provider.serve(self.origin, gateway)
            except DemoError as error:
                tell_inventory(broker_auth=None, broker_portal_secrets=None)
                step.result = f"{provider.NO_PROVIDER} ({str(error).partition(': ')[2]})"
                return
            self._as_root(step, handed_on(issuer, gateway))
            tell_inventory(
                broker_auth=provider.auth(issuer), broker_portal_secrets={provider.SECRET: secret}
            )
            self._has_provider = True
            step.result = f"oidc-provider at {issuer}"

    def look_around(self, public_key: str) -> None:
        """Sign in as the analyst, and open the first pages."""
        if not self._has_provider:
            return
        with self._board.step("Sign in to the portal and look around") as step:
            shown = self._as_root(step, "cat /etc/data-broker/tls/certificate.pem")
            CERTIFICATE.write_text("\n".join(shown) + "\n")
            step.result = look_around(self.origin, CERTIFICATE, ANALYST, public_key)

    def admin_link(self) -> str:
        """The address that signs an admin in, once."""
        command = f"broker portal admin {provider.ADMIN}"
        return self._as_root(Step("Make a link for the admin"), command)[-1]

    def _as_root(self, step: Step, script: str) -> list[str]:
        command = [*self._run.host("broker").ssh(), "-o", "BatchMode=yes", "sh -es"]
        return self._commands.run(step, command, log="portal", stdin=script)
