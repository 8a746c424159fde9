"""A campaign that breaks things: `make torture`. What it promises to find is in docs/reliability.md."""
