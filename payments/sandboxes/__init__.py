"""Stand-ins for outside payment companies. Each is a process of its own that shares no code with the back office."""
