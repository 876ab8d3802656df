"""Base and head measured in turns, in pairs of processes, until every route is decided."""
