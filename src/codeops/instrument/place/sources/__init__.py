"""Where labels of the place are read, one file for each source.

A file defines `PRECEDENCE` (of two that contradict each other the higher wins, and the contradiction is told) and
`clues(around)`, which yields a `Clue` for each label it can read. Sources look only at what `around` holds.
"""
