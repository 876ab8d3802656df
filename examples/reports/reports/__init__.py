"""A usage-report service: customers' events go in, a fortnight's report comes out."""
