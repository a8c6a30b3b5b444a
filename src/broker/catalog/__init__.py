"""What each audience may know of a generation: written as it is published, read by the portal."""
