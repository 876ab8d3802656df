"""Where this process runs, as far as it decides the price, and what its container allows."""

from collections.abc import Mapping

from codeops.instrument import place
from codeops.instrument.diagnosis.section import Fact, Section
from codeops.instrument.place import limits
from codeops.instrument.settings import Settings

__all__ = ["examine"]


def examine(environ: Mapping[str, str], settings: Settings) -> tuple[Section, dict[str, str]]:
    """The section, and the labels that usage of this process is priced by."""
    here = place.labels(environ=environ)
    labels = {**here.labels, **settings.labels}
    origins = {**here.origins, **dict.fromkeys(settings.labels, "CODEOPS_LABELS")}
    facts = [Fact(name, value, origins[name]) for name, value in sorted(labels.items())]
    found = limits.read()
    if found.cpu is not None:
        facts.append(Fact("limit of CPU", f"{found.cpu.normalize():f} vCPU", "control group"))
    if found.memory_bytes is not None:
        facts.append(Fact("limit of memory", f"{found.memory_bytes / 2**30:.4g} GiB", "control group"))
    if found.cpu is None and found.memory_bytes is None:
        facts.append(Fact("limits", "none", "no control group bounds this process"))
    facts += [Fact("remark", remark) for remark in here.remarks]
    return Section("place", "Where it runs", tuple(facts)), labels
