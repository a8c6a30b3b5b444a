"""The only part of accounts that touches a host: it looks, and carries actions out."""
