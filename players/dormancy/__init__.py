"""Dormant accounts by the pack's numbers (GLI-19 A.3.9): told beforehand, dormant, active again after identification. Money is never touched here."""
