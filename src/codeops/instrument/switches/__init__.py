"""The points at which the owner of a thread changes, one file each; every one can be left out.

A file defines `install(keeper)` and `uninstall()`; the first sentence of its docstring says what changes the owner there.
A hook is put in once, passes on whatever it found, and takes itself out only while it is outermost.
"""
