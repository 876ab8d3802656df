"""What pyproject.toml cannot say without an experimental key: the ledger in C, without which the build goes on."""

from setuptools import Extension, setup

LEDGER = "src/codeops/instrument/ledger"

setup(
    ext_modules=[
        Extension(
            "codeops.instrument.ledger._native",
            sources=[f"{LEDGER}/{name}.c" for name in ("_native", "_spans", "_contexts", "_wrappers")],
            depends=[f"{LEDGER}/_ledger.h"],
            optional=True,
        )
    ]
)
