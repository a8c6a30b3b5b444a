"""The data for a coding agent, by the Model Context Protocol: five tools, the same guard."""
