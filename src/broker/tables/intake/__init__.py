"""From a reading to rows that fit, set aside by partition, and what did not fit."""
