"""Short-lived certificates: the broker as an SSH certificate authority, where that is switched on.

The list of analysts stays the one place that says who may enter. A certificate counts while this
host remembers it *and* the list bears it out: the revocation list names every serial but those.
"""
