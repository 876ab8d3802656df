"""The same application with the telemetry that FastAPI has of its own, which starts the span before anything of Starlette runs."""

from sites.fastapi import app

assert app
