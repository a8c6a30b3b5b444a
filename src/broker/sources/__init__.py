"""Where rows come from: one module or package per kind of source."""
