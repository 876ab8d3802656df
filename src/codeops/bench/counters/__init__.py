"""Instructions and bytecode of requests, counted instead of timed."""
