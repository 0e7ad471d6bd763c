# SPDX-License-Identifier: Apache-2.0
"""core: the manager's core over SQLite without any network: what one core thread can do at most."""
import json
import os
import subprocess
import tempfile

from measure import bar

TARGETS = 10000


def run(runs):
    rows = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([os.environ["HIVECAST_BIN"] + "/hivecast-bench-core", folder, str(TARGETS)], check=True,
                                  capture_output=True, text=True)
            rows.append(json.loads(done.stdout))
    per_target = max(r["rss_kib"]["connected"] - r["rss_kib"]["empty"] for r in rows) / TARGETS
    return {"rows": rows, "bars": [bar("KiB of core per target", per_target, 20),
                                   bar("slowest creation of a task for all, s", max(r["task_create_s"] for r in rows), 1)]}
