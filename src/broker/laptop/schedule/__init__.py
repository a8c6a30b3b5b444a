"""A timer of the person's own that syncs the folder: systemd for users, or launchd."""
