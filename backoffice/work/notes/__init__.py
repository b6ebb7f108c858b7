"""Notes that colleagues leave each other about an item or a person: mentions, attachments, versions."""
