# SPDX-License-Identifier: Apache-2.0
"""deploy: an incompressible package, one install command, one run command, to 1, 10 and 50 agents, and 1 GB to one agent
for the memory. Seconds count from POST /tasks to the manager knowing the last agent's release to run; raw is the
same bytes over CURVE ROUTER/DEALER sockets and nothing else."""
import io
import os
import statistics
import time
import zipfile

import harness
from measure import Watcher, WireCounter, bar, raw, reset_peak, settled_rss_kib, spread

MB = 1_000_000


def package(size):
    """A stored zip with incompressible content, written in pieces."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z, z.open("payload.bin", "w", force_zip64=True) as f:
        for at in range(0, size, 16 * MB):
            f.write(os.urandom(min(16 * MB, size - at)))
    return out.getvalue()


def deploy_once(s, size):
    """(seconds, seconds of the upload, bytes on the wire, bytes of the sealed package)"""
    archive = package(size)
    watcher = Watcher(s.manager)
    with WireCounter(s.manager.control_port, s.manager.bulk_port) as wire:
        start = time.monotonic()
        upload = s.manager.upload(archive)
        uploaded = time.monotonic()
        task = s.manager.deploy({"source": {"upload": upload}, "deploy": {
            "install": {"commands": ["test -f payload.bin"]}, "run": {"commands": ["exec sleep 100000"]},
            "target": {"tags": ["swarm"]}}})
        last = max(watcher.wait_succeeded(len(s.agents)))
        wire_bytes = wire.bytes()
    watcher.close()
    return last - uploaded, uploaded - start, wire_bytes, s.manager.get(f"/tasks/{task}")["package"]["sealedSize"]


def row(agents, size, runs):
    with harness.swarm("--log-level", "warn", agents=agents, options=("--log-level", "warn")) as s:
        processes = [s.manager, *s.agents]
        idle = {p.name: settled_rss_kib(p) for p in processes}
        for p in processes:
            reset_peak(p)
        done = [deploy_once(s, size) for _ in range(runs)]
        peak = {p.name: p.rss_kib(peak=True) for p in processes}
    names = [a.name for a in s.agents]
    return {
        "agents": agents, "package_bytes": size, "seconds": spread([d[0] for d in done]),
        "raw_seconds": statistics.median(raw("transfer", agents, size) for _ in range(runs)),
        "upload_seconds": statistics.median(d[1] for d in done),
        "wire_bytes": max(d[2] for d in done), "sealed_bytes": done[0][3],
        "manager_rss_kib": {"idle": idle["manager"], "peak": peak["manager"]},
        "agent_rss_kib": {"idle": max(idle[n] for n in names), "peak": max(peak[n] for n in names)},
    }


def run(runs):
    rows = [row(n, 10 * MB, runs) for n in (1, 10, 50)] + [row(1, 1000 * MB, 1)]
    fifty, big = rows[2], rows[3]
    per_agent = max(r["wire_bytes"] / r["agents"] / r["sealed_bytes"] for r in rows)
    small_peak = max(r["agent_rss_kib"]["peak"] for r in rows[:3])
    return {"rows": rows, "bars": [
        bar("seconds for 50 agents / raw", fifty["seconds"]["median"] / fifty["raw_seconds"], 3.0),
        bar("wire bytes per agent / compressed package", per_agent, 1.02),
        bar("manager idle KiB", max(r["manager_rss_kib"]["idle"] for r in rows[:1]), 20 * 1024),
        bar("manager peak KiB", max(r["manager_rss_kib"]["peak"] for r in rows), 64 * 1024),
        bar("agent idle KiB", max(r["agent_rss_kib"]["idle"] for r in rows), 4 * 1024),
        bar("agent peak KiB", max(r["agent_rss_kib"]["peak"] for r in rows), 8 * 1024),
        bar("agent peak for 1 GB / for 10 MB", big["agent_rss_kib"]["peak"] / small_peak, 1.1),
        bar("manager peak for 1 GB / for 10 MB to one agent",
            big["manager_rss_kib"]["peak"] / rows[0]["manager_rss_kib"]["peak"], 1.1),
    ]}
