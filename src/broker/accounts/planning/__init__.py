"""From requests and the state of a host to actions. Pure: no file, no process."""
