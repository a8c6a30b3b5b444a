"""What ``sync_data.sh`` does not do in the shell. Standard library only, Python 3.9 or later."""
