"""What somebody with a key and bad intentions sends: each made anew from its number."""
