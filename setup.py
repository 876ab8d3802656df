"""What pyproject.toml cannot say without an experimental key: the ledger in C, without which the build goes on."""

from setuptools import Extension, setup

LEDGER = "src/codeops/instrument/ledger"

setup(
    ext_modules=[
        Extension(
            "codeops.instrument.ledger._native",
            sources=[f"{LEDGER}/_native.c", f"{LEDGER}/_spans.c", f"{LEDGER}/_contexts.c"],
            depends=[f"{LEDGER}/_ledger.h"],
            optional=True,
        )
    ]
)
