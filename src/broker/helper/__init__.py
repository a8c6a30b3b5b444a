"""What every root helper behind a socket shares: one request per connection, no shell.

systemd accepts the connection and starts the helper with it as its standard input; the kernel
reports who is at the other end. Standard library only.
"""
