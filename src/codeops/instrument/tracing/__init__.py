"""OpenTelemetry: an owner for every span, cost attributes on those that are recorded, and metrics for all of them.

Private names of OpenTelemetry that are relied on, seen in 1.30 to 1.45, and what happens in a version without them:

- `opentelemetry.context._RUNTIME_CONTEXT` (switches/context.py) is tried out at start-up; else `attach` and `detach` are
  wrapped, and that is told once.
- `Span._attributes._dict` (writing.py, ledger/_spans.c) is tried out at start-up on a span of ours; else `set_attributes`
  is used, which is public.
- `Span._name` and `Span._parent` (ledger/_spans.c): else spans go the way in Python, which asks the public ones.
- `Span._limits` (writing.py): else the environment's limit, or the SDK's, is taken.
- `TracerProvider._update_resource` or `._resource` (providers.py): else it is told once that providers from before lack the
  currency on their resource; those made later get it as an argument.

All else is public: `Tracer.start_span` and `Span.end` are wrapped, `Tracer.resource` is set, and the key under which a
context keeps its span is read off a context that `set_span_in_context` has made.
"""
