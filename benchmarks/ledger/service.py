"""A FastAPI service with OpenTelemetry's auto-instrumentation, with or without CodeOps on top: `python service.py PORT WAY`.

Spans go through the batch processor to an exporter that throws them away.
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn
from discarding import provider
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor


def service() -> FastAPI:
    """The application, instrumented by OpenTelemetry."""
    app = FastAPI()

    @app.get("/items/{number}")
    async def item(number: int) -> dict[str, Any]:
        return {"number": number, "name": f"item {number}", "tags": ["a", "b", "c"], "price": number * 1.5}

    FastAPIInstrumentor.instrument_app(app)
    return app


def main() -> None:
    """Serves until it is told to stop."""
    port, way = int(sys.argv[1]), sys.argv[2]
    trace.set_tracer_provider(provider())
    if way in {"native", "pure"}:
        import codeops

        codeops.instrument(str(Path(__file__).with_name("pricebook.toml")), ledger=way)  # with everything that it does by default
    uvicorn.run(service(), host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
