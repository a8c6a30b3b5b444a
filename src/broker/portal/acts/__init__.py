"""What the portal asks of the host, through the sockets of two helpers of root's."""
