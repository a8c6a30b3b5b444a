"""A strategy as a pure plan, and the run that carries it out table by table."""
