"""Every example in a docstring is true."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import codeops

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = [
    module.name
    for module in pkgutil.walk_packages(codeops.__path__, "codeops.")
    if ".libraries." not in module.name and not module.name.endswith(("__main__", "in_pytest.plugin"))
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str) -> None:
    failures, _ = doctest.testmod(import_module(name), optionflags=OPTIONS)

    assert failures == 0
