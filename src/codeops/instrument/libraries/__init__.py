"""The client libraries whose calls are counted, one file each.

A file defines `MODULE` (whose import makes it act), `METERS` (meter or pattern → unit and what is counted),
`VERSIONS` (the releases it was tried with), `install()` and `uninstall()`.
"""
