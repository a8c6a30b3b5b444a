"""Earlier generations on a laptop: which are kept, which one a moment means, and what differs.

A version of a table is read from the newest generation that has the same file, so what did not
change is named once, and a link costs nothing.
"""
