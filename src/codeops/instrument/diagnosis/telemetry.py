"""OpenTelemetry here: its versions, how attributes get onto spans, and whether `opentelemetry-instrument` starts CodeOps."""

import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from codeops.core.finding import Finding, Severity
from codeops.instrument import running
from codeops.instrument.diagnosis.section import Fact, Section
from codeops.instrument.wiring import VARIABLE

__all__ = ["examine"]

_GROUP = "opentelemetry_pre_instrument"
_PROGRAM = "opentelemetry-instrument"
_WAYS = {"fast": "written right into a span as it ends", "public": "written by set_attributes, which takes three times as long"}
_STARTER = "opentelemetry/instrumentation/auto_instrumentation"
"""What `opentelemetry-instrument` puts on the path of what it starts."""

_PROTOCOLS = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}
_PACKAGES = {"otlp_proto_grpc": "opentelemetry-exporter-otlp-proto-grpc", "otlp_proto_http": "opentelemetry-exporter-otlp-proto-http"}
_SIGNALS = ("traces", "metrics", "logs")


def examine(environ: Mapping[str, str]) -> Section:
    """What is installed, and what it would do."""
    facts = [Fact(f"opentelemetry-{name}", _version(f"opentelemetry-{name}") or "not installed") for name in ("api", "sdk")]
    findings = []
    if _version("opentelemetry-sdk"):
        way = _way()
        facts.append(Fact("attributes", way, _WAYS[way]))
    else:
        findings.append(_no_sdk())
    why_not = _why_not_started(environ)
    without_exporter = [] if why_not else _without_exporter(environ)
    reason = why_not or (without_exporter[0].why if without_exporter else "")
    facts.append(Fact("zero code", f"{_PROGRAM} would not start it: {reason}" if reason else f"{_PROGRAM} would start it"))
    if running.now() is not None:
        facts.append(Fact("running", "yes", "this very process is measured"))
    return Section("telemetry", "OpenTelemetry", tuple(facts), (*findings, *without_exporter))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _way() -> str:
    from codeops.instrument.tracing.writing import FastWrite, chosen

    return "fast" if isinstance(chosen(), FastWrite) else "public"


def _why_not_started(environ: Mapping[str, str]) -> str:
    """Empty where it would be started."""
    if not any(shutil.which(_PROGRAM, path=path) for path in (environ.get("PATH"), str(Path(sys.executable).parent))):
        return "it is not installed (pip install opentelemetry-distro)"
    if not any(entry.value.startswith("codeops.") for entry in entry_points(group=_GROUP)):
        return "codeops has no entry points here (install it with pip)"
    if not environ.get(VARIABLE, "").strip():
        return f"{VARIABLE} is not set"
    return ""


def _no_sdk() -> Finding:
    return Finding(
        rule="missing-extra",
        severity=Severity.WARNING,
        message="opentelemetry-sdk is not installed",
        why="spans of OpenTelemetry are made by its SDK; without it only codeops.span() and codeops.collect() tell of costs",
        fix="pip install 'codeops[otel]'",
    )


def _without_exporter(environ: Mapping[str, str]) -> list[Finding]:
    """The distribution exports everything over gRPC where nothing else is said; without that exporter nothing is set up."""
    if not _version("opentelemetry-distro"):
        return []
    missing: dict[str, list[str]] = {}
    for signal in _SIGNALS:
        protocol = environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "grpc"
        for wanted in (environ.get(f"OTEL_{signal.upper()}_EXPORTER") or "otlp").split(","):
            name = _PROTOCOLS.get(protocol.strip(), wanted) if wanted.strip() == "otlp" else wanted.strip()
            if name != "none" and name not in {entry.name for entry in entry_points(group=f"opentelemetry_{signal}_exporter")}:
                missing.setdefault(name, []).append(signal)
    is_started = _STARTER in environ.get("PYTHONPATH", "")
    severity = Severity.ERROR if is_started and running.now() is None else Severity.WARNING  # in code it may all be otherwise
    return [_missing(name, signals, severity) for name, signals in missing.items()]


def _missing(name: str, signals: list[str], severity: Severity) -> Finding:
    package = _PACKAGES.get(name)
    fix = f"pip install {package}" if package else f"install the exporter {name}"
    if name == "otlp_proto_grpc":
        fix += ", or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    return Finding(
        rule="missing-exporter",
        severity=severity,
        message=f"{_PROGRAM} cannot set OpenTelemetry up, and would not start CodeOps",
        why=f"the exporter {name} for {', '.join(signals)} is not installed",
        fix=f"{fix}; OTEL_{signals[0].upper()}_EXPORTER=none exports nothing",
    )
