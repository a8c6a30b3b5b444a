"""The portal's own state: people, sessions, tokens, requests. SQLite in WAL mode."""
