"""Scorers, a file each: (queries [n, d], gallery [m, d], parameters by name) -> scores [n, m].

A file declares its scorer (`rematch.methods`), and is found by that alone. One with the trait
`biases` gets all queries and the whole gallery at once, and gives `match.biases.Biases`: what is
taken off the products. Without it, it gets a block of queries, and gives their scores.
"""
