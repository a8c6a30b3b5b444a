"""People, keys, classes, certificates, and a host as it was found: plain values."""
