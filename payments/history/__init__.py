"""A plausible past, played through the services: what a casino that has been open for a year looks like. For demos and tests."""
