"""What every page stands in: what templates know, pages of failures, the catalog of a viewer."""
