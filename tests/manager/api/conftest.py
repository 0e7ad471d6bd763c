# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import api_client  # noqa: E402


@pytest.fixture
def api(tmp_path):
    server = api_client.Api(tmp_path)
    yield server
    if server.process.poll() is None:
        server.stop()
