"""What goes on without being asked: jobs, tasks, notifications."""
