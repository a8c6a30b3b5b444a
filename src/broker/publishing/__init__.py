"""The root helper behind ``broker-publishing.socket``: what an admin of the portal may do.

Start a sync, approve what a sync held back, go back to a generation, and look at how the host
is. What changes the store is done by the account that owns it, in its sandbox.
"""
