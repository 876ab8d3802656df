"""What a user needs to know about CodeOps in this environment: what it would measure and price, and what keeps it from that."""

from codeops.instrument.diagnosis.section import Diagnosis, Fact, Section
from codeops.instrument.diagnosis.whole import diagnose

__all__ = ["Diagnosis", "Fact", "Section", "diagnose"]
