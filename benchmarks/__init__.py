"""How long wikipin takes, beside its peers and beside what no program can beat: `python -m benchmarks`."""
