"""The parts of a diagnosis: facts, in sections, and findings about them."""

from dataclasses import dataclass

from codeops.core.errors import CodeOpsError
from codeops.core.finding import Finding, Severity

__all__ = ["Diagnosis", "Fact", "Section", "told"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so; `detail` says where it was read, or what it means."""

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts about one matter, `name` being what programs call it, and what is wrong with them."""

    name: str
    title: str
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All sections."""

    sections: tuple[Section, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong anywhere, errors first."""
        order = list(Severity)
        found = [finding for section in self.sections for finding in section.findings]
        return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))

    @property
    def is_well(self) -> bool:
        """Whether nothing keeps CodeOps from its job."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


def told(problem: CodeOpsError, *, severity: Severity = Severity.ERROR, about: str = "", meter: str = "") -> Finding:
    """An error as a finding; `about` names what it is about where its own title does not."""
    return Finding(
        rule=problem.slug,
        severity=severity,
        message=f"{about}: {problem.title}" if about else problem.title,
        why=problem.why,
        fix=problem.fix,
        meter=meter,
        location=problem.location,
    )
