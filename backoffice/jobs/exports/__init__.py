"""Lists as files: what can be exported, in which form, and the work that writes it. docs/exports-and-imports.md says what stands in a file."""
