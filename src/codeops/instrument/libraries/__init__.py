"""The client libraries whose calls are counted, one file each.

A file defines `MODULE` (whose import makes it act), `METERS` (meter or pattern → unit and what is counted),
`VERSIONS` (the releases it was tried with), `install()` and `uninstall()`; and `LABELS` (label → what it says),
if it labels the request. `METERS` is empty where what happens is not billed; the file's docstring says so then.
"""
