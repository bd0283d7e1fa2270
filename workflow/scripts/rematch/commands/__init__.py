"""What is typed beside `snakemake`; each is run as `python -m rematch.commands.<name>`.

No other room imports from here. What commands share is in `terminal`; of `new`, what it proposes
is in `proposing`, the file that it writes in `drafting`; of `check`, its articles in `sampling`.
"""
