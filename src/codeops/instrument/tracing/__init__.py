"""OpenTelemetry: an owner for every span, cost attributes on those that are recorded, and metrics for all of them."""
