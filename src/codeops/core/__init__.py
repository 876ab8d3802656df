"""The vocabulary: usage, prices, cost, findings, snapshots and reports, as plain values."""
