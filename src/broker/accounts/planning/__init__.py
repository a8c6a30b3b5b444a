"""From what is asked and what stands to the actions between. Pure: no file, no process."""
