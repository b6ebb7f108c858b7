"""Files as rows of business data: what can be brought in, how a file is read, and the work that checks and commits it. docs/exports-and-imports.md."""
