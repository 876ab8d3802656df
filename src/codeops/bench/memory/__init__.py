"""What a process holds: at most, and on average."""
