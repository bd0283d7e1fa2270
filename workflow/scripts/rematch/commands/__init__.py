"""What is typed beside `snakemake`; each is run as `python -m rematch.commands.<name>`.

Nothing imports from here.
"""
