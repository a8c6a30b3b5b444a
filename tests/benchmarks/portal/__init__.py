"""What the portal answers in a second."""
