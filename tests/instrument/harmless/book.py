"""A price book that is easy to reckon with, and to break."""

PRICES = """
version = "2026-11-01"
currency = "USD"

[[price]]
meter = "compute.cpu"
price = "0.04"
per = "vCPU.h"
valid_from = 2026-01-01
source = "made up for a test"

[[price]]
meter = "charge.card"
price = "0.1"
per = "{request}"
valid_from = 2026-01-01
source = "made up for a test"
"""
