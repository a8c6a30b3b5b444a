"""The root helper behind ``broker-accounts.socket``: one request per connection, no shell.

systemd accepts the connection and starts ``python -I -m broker.accounts.service`` with it as its
standard input; the kernel reports who is at the other end.
"""
