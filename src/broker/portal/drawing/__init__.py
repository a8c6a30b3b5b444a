"""Plots and graphs as plain geometry; templates make SVG of it. Pure."""
