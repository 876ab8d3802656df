"""Spans that OpenTelemetry does not record: sampled out, or started where no SDK is. They have an owner like all others.

Without one, what they consume would be charged to the span above them, and totals would depend on sampling.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import NonRecordingSpan, SpanContext

from codeops.core.attribute import COST_UNIT, COST_UNITS
from codeops.instrument import model
from codeops.instrument.accounting import Accounting
from codeops.instrument.ending import READ
from codeops.instrument.guard import complain
from codeops.instrument.tracing.ownership import set_owner

__all__ = ["BlockSpan", "LocalSpan"]

_KEPT = READ | model.NAMES | {COST_UNIT, COST_UNITS}
"""The attributes that matter although nobody exports them."""


class LocalSpan(NonRecordingSpan):
    """A span that is not recorded, whose owner is finished when it ends. `is_recording` stays False, as the API has it."""

    def __init__(self, context: SpanContext, accounting: Accounting, owner: Any, name: str, attributes: Mapping[str, Any]) -> None:
        super().__init__(context)
        self._accounting, self._name = accounting, name
        self._given: dict[str, Any] = {}
        set_owner(self, owner)
        self.set_attributes(attributes)

    def set_attribute(self, key: str, value: Any) -> None:
        """Keeps the attribute until the end, when labels are read."""
        if key in _KEPT:
            self._given[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Keeps those attributes that are read at the end."""
        for key, value in attributes.items():
            if key in _KEPT:
                self._given[key] = value

    def update_name(self, name: str) -> None:
        """Takes another name."""
        self._name = name

    def end(self, end_time: int | None = None) -> None:
        """Finishes the owner."""
        del end_time
        self.finish()

    def finish(self) -> None:
        """Finishes the owner, once."""
        try:
            self._accounting.finish(self._codeops_owner, self._name, self._given)  # type: ignore[attr-defined]
        except Exception as problem:
            complain(problem)


class BlockSpan(LocalSpan):
    """The span of a block where no SDK is: the API's tracer hands it out as everybody's, who then end it. They must not."""

    def end(self, end_time: int | None = None) -> None:
        """Nothing: the block itself calls `finish`."""
