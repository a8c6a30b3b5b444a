"""What the catalog files of an audience say, kept in memory while their generation is current."""
