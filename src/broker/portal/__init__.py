"""The portal: where people sign in, give their keys, and see which data there is.

It runs as an account of its own that reads the catalog files of each audience and nothing else of
the store. What changes the host goes through a socket to a helper of root's.
"""
