"""Benchmarks, one file each. They measure and print; they judge nothing: goals are held against the figures from outside."""
