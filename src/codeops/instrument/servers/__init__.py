"""Where a request reaches a web framework and its response leaves it, and where processes end that ended unheard: one file each."""
