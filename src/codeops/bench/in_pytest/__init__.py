"""Benchmarks of pytest: the plug-in and its fixture, the run in a worker, and pairs of two runs."""
