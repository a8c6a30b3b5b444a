"""Signs a folder in to the portal of its broker, and keeps the certificate of its key fresh."""
