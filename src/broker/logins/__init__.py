"""Who can log in to this host by ssh, and who could under another configuration of sshd."""
