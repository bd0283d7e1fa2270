"""Blends, a file each: (blocks of M members, weights [M], parameters) -> scores [b, m].

A file declares its blend (`rematch.methods`), and is found by that alone. It sees the
scores of some queries with the whole gallery, float64 [b, m], one member's after the other's, and
nothing else.
"""
