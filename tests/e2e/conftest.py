# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness  # noqa: E402


@pytest.fixture
def swarm():
    """A manager without agents; swarm.add(n) brings them."""
    with harness.swarm() as s:
        yield s
