"""How many GiB-seconds each request used, shared so that requests and buckets add up to what the process held."""

from codeops.instrument.memory.meter import Meter

__all__ = ["Meter"]
