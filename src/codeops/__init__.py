"""CodeOps: cloud cost as a signal that developers measure, test, review and gate."""
