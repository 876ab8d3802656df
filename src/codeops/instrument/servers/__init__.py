"""One file per web framework: where a request reaches the framework and its response leaves it."""
