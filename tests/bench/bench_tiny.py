# SPDX-License-Identifier: Apache-2.0
"""tiny: a task without a package, from POST to the manager knowing that all succeeded."""
import time

import harness
from measure import Watcher, WireCounter, bar, spread


def deploy_once(s):
    watcher = Watcher(s.manager)
    with WireCounter(s.manager.control_port) as wire:
        start = time.monotonic()
        s.manager.deploy({"deploy": {"run": {"commands": ["true"]}, "target": {"tags": ["swarm"]}}})
        last = max(watcher.wait_succeeded(len(s.agents)))
        wire_bytes = wire.bytes()
    watcher.close()
    return last - start, wire_bytes


def row(agents, runs):
    with harness.swarm("--log-level", "warn", agents=agents, options=("--log-level", "warn")) as s:
        done = [deploy_once(s) for _ in range(runs)]
    return {"agents": agents, "package_bytes": 0, "seconds": spread([d[0] for d in done]),
            "wire_bytes": max(d[1] for d in done)}


def run(runs):
    rows = [row(n, max(runs, 5)) for n in (1, 10, 50)]
    return {"rows": rows, "bars": [bar("seconds for 50 agents", rows[2]["seconds"]["median"], 0.25)]}
