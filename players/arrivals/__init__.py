"""Players from another system: brought in from a file, each once. docs/moving-in.md."""
