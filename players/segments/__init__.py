"""Segments: which players meet some conditions. Facts that can be asked, the change kind, the runs that find the members."""
