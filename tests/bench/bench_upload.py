# SPDX-License-Identifier: Apache-2.0
"""upload: a 2 GiB archive is uploaded and ingested; the manager's memory stays flat."""
import os
import subprocess
import tarfile
import tempfile
import time

import harness
from measure import bar, reset_peak, settled_rss_kib

MIB = 1 << 20


def make_archive(path, size):
    with tarfile.open(path, "w") as tar:
        for part in range(size // (256 * MIB)):
            info = tarfile.TarInfo(f"part-{part}")
            info.size = 256 * MIB
            with open("/dev/urandom", "rb") as noise:
                tar.addfile(info, noise)


def row(size):
    with harness.swarm("--log-level", "warn", agents=1) as s, tempfile.TemporaryDirectory(dir=s.folder) as folder:
        archive = os.path.join(folder, "big.tar")
        make_archive(archive, size)
        idle = settled_rss_kib(s.manager)
        reset_peak(s.manager)
        start = time.monotonic()
        done = subprocess.run(["curl", "-sSf", "-H", f"Authorization: Bearer {s.manager.token}", "-F",
                               f"file=@{archive}", s.manager.url + "/uploads"], check=True, capture_output=True, text=True)
        uploaded = time.monotonic()
        # Only the ingest is measured; the agent is killed before it has fetched much.
        s.manager.deploy({"source": {"upload": harness.json.loads(done.stdout)["id"]}, "deploy": {
            "run": {"commands": ["true"]}, "target": {"ids": ["drone-1"]}}})
        ingested = time.monotonic()
        peak = s.manager.rss_kib(peak=True)
        s.agents[0].kill()
    return {"package_bytes": size, "upload_seconds": uploaded - start, "ingest_seconds": ingested - uploaded,
            "ingest_mb_per_second": size / 1e6 / (ingested - uploaded), "manager_rss_kib": {"idle": idle, "peak": peak}}


def run(_):
    rows = [row(256 * MIB), row(2048 * MIB)]
    return {"rows": rows, "bars": [bar("manager peak for 2 GiB / for 256 MiB", rows[1]["manager_rss_kib"]["peak"] /
                                       rows[0]["manager_rss_kib"]["peak"], 1.1)]}
