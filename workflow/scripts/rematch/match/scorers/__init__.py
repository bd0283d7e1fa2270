"""Scorers, a file each: (queries [n, d], gallery [m, d], parameters by name) -> scores [n, m].

A file declares its scorer (`rematch.methods`), and is found by that alone.
"""
