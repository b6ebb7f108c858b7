"""Tools that the checks use."""
