"""What all tests share: the folder of certified values, and helpers of this folder by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session", autouse=True)
def _kernels_of_this_session(tmp_path_factory) -> Iterator[None]:
    """Compiled kernels are kept for the tests of one session only, and never where the person's own are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARAMETRA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _data_where_known_answers_read_them() -> Iterator[None]:
    """A known answer of a ready-made model that needs published data finds them where the tests do."""
    folder = HERE.parent.parent / "shared" / "data"
    with pytest.MonkeyPatch.context() as patch:
        if "PARAMETRA_DATA" not in os.environ and folder.is_dir():
            patch.setenv("PARAMETRA_DATA", str(folder))
        yield


@pytest.fixture(scope="session")
def external_data() -> Path:
    """The folder with published data outside the repository; absent: skipped here, an error where `CI` is set."""
    folder = Path(os.environ.get("PARAMETRA_DATA", HERE.parent.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    message = f"the folder with published data is not at {folder}; set PARAMETRA_DATA to where it is"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
