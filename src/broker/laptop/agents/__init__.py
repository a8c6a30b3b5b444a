"""What coding agents are given on a laptop: instructions, settings and hooks, as files of theirs.

This file imports nothing: a hook starts with each command of an agent.
"""
