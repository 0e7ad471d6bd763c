# SPDX-License-Identifier: Apache-2.0
"""swarm: 1,000 and 10,000 simulated agents (real wire protocol, nothing executed) against one manager."""
import statistics
import threading
import time

import harness
import requests
from measure import bar, raw, settled_rss_kib
from simulator import Simulator


class Latency:
    """Asks the REST API all the while, one request after the other."""

    def __init__(self, manager):
        self.url = manager.url + "/targets?perPage=10"
        self.headers = dict(manager.session.headers)
        self.samples, self.is_done = [], threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        session = requests.Session()
        while not self.is_done.is_set():
            start = time.monotonic()
            session.get(self.url, headers=self.headers, timeout=60).raise_for_status()
            self.samples.append((time.monotonic() - start) * 1000)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_done.set()
        self.thread.join()

    def result(self):
        ordered = sorted(self.samples)
        return {"median": statistics.median(ordered), "p99": ordered[int(len(ordered) * 0.99)]}


def row(agents):
    raw_seconds = raw("handshake", agents)
    with harness.swarm("--log-level", "warn", "--heartbeat", "15") as s:
        empty_kib = settled_rss_kib(s.manager)
        simulator = Simulator(s.manager, agents, s.folder)
        try:
            simulator.start()
            simulator.wait_online()
            connected_kib = settled_rss_kib(s.manager)
            s.manager.kill()
            start = time.monotonic()
            s.manager.start()
            with Latency(s.manager) as latency:
                simulator.wait_online()
                back = time.monotonic() - start
                posted = time.monotonic()
                task = s.manager.deploy({"deploy": {"run": {"commands": ["true"]}, "target": {"tags": ["simulated"]}}})
                harness.wait_for(lambda: s.manager.get(f"/tasks/{task}")["counts"]["states"].get("succeeded") == agents,
                                 "all to succeed", 300)
                task_seconds = time.monotonic() - posted
        finally:
            simulator.stop()
    return {"agents": agents, "manager_rss_kib": {"idle": empty_kib, "connected": connected_kib},
            "kib_per_agent": (connected_kib - empty_kib) / agents, "reconnect_seconds": back,
            "raw_seconds": raw_seconds, "task_seconds": task_seconds, "rest_ms": latency.result()}


def run(_):
    rows = [row(1000), row(10000)]
    return {"rows": rows, "bars": [
        bar("KiB of manager memory per agent", max(r["kib_per_agent"] for r in rows), 60.0),
        bar("all back / raw handshakes, 10,000 agents", rows[1]["reconnect_seconds"] / rows[1]["raw_seconds"], 3.0),
    ]}
