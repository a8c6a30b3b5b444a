"""The database of each release from that of the one before."""
