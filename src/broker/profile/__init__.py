"""What a catalog shows of a table: measured file by file, merged, and cut to what a tier shows."""
