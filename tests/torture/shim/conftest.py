"""The shim is compiled when it is needed: without a compiler its tests are skipped, except where all must run."""

import os
import shutil

import pytest


@pytest.fixture(autouse=True)
def compiler() -> None:
    """There is one, or nobody minds."""
    if shutil.which("cc") is None and not os.environ.get("CI"):
        pytest.skip("no C compiler")
