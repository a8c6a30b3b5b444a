"""What others wrote (a source, a manifest, an index) before it reaches a person, a path or SQL.

Standard library only, Python 3.9 or later: an analyst's laptop gets the same files.
"""
