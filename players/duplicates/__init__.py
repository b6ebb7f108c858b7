"""Accounts that may belong to one person: found by what they share, judged by people. Nothing is closed or merged by itself."""
