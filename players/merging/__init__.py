"""Two accounts of one person become one: after a confirmed pair, a page that says what happens, and a second person's approval. docs/merging.md."""
