"""Options of the quick look at the kernels."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kernels")
    group.addoption("--kernels", default="", help="regex of family/name/size/framework")
    group.addoption("--framework", default="", help="jax, torch or host: one a process")
