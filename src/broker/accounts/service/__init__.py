"""The root helper behind ``broker-accounts.socket``: one request per connection, no shell.

systemd accepts the connection and starts ``python -I -m broker.accounts.service`` with it as its
standard input; who is at the other end is asked of the kernel.
"""
