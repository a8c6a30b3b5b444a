"""Analysts and operators as Linux accounts. Standard library only.

``manage.converge`` and ``issue.issue_certificate`` are the doors for callers; ``planning`` is
pure, and ``debian`` is the only part that touches a host. Nothing is imported here: what sshd
runs for a login, and the portal's client, load one small file each.
"""
