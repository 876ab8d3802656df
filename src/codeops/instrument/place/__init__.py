"""Where this process runs, as far as it decides the price: region, platform, instance, tier; and the limits of its container."""

from codeops.instrument.place.detection import Place, labels

__all__ = ["Place", "labels"]
