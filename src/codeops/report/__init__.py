"""The formats a report is shown in: one module each, found by its name (`--format`), each with `SUFFIX` and `render`."""
