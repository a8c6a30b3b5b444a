"""The metrics that the broker publishes to an analyst: listed, run, offered where one fits."""
