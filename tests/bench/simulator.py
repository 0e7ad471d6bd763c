# SPDX-License-Identifier: Apache-2.0
"""Runs tests/bench/swarm.c: simulated agents, thousands to a process, registered like real ones."""
import concurrent.futures
import subprocess
import threading
import time

import requests
from measure import BIN

PROCESSES = 4  # four descriptors an agent, 20,000 a process


class Simulator:
    def __init__(self, manager, count, folder, lines=0):
        self.manager, self.count, self.lines = manager, count, lines
        self.keys = folder / "sim.keys"
        self.processes, self.totals = [], []
        public = subprocess.run([BIN / "hivecast-bench-swarm", "keys", str(count), self.keys], check=True,
                                capture_output=True, text=True).stdout.split()
        tokens = manager.tokens(count)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for answer in pool.map(self.register, range(1, count + 1), public, tokens):
                answer.raise_for_status()
        self.info = requests.get(manager.url + "/rpc/server_info", timeout=60).json()

    def register(self, number, key, token):
        return requests.post(self.manager.url + "/rpc/targets", timeout=60, headers={"X-Auth-Token": token}, json={
            "id": f"sim-{number}", "publicKey": key, "tags": ["simulated"], "architecture": "amd64", "os": "linux"})

    def start(self):
        share = self.count // PROCESSES
        for i in range(PROCESSES):
            first, count = i * share, share if i < PROCESSES - 1 else self.count - i * share
            command = [BIN / "hivecast-bench-swarm", "run", self.keys, first, count, self.info["control"],
                       self.info["managerPublicKey"]] + ([self.lines] if self.lines else [])
            self.processes.append(subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True))
            self.totals.append((0, 0, 0))
            threading.Thread(target=self.follow, args=(i,), daemon=True).start()

    def follow(self, i):
        for line in self.processes[i].stdout:
            _, connected, succeeded, lines = line.split()
            self.totals[i] = (int(connected), int(succeeded), int(lines))

    @property
    def connected(self):
        return sum(t[0] for t in self.totals)

    @property
    def log_lines(self):
        return sum(t[2] for t in self.totals)

    def wait_online(self, timeout=300):
        """Seconds until the manager counts all as online."""
        start = time.monotonic()
        while True:
            try:
                if requests.get(self.manager.url + "/health", timeout=60).json()["online"] >= self.count:
                    return time.monotonic() - start
            except requests.ConnectionError:
                pass
            assert all(p.poll() is None for p in self.processes), "the simulator ended"
            assert time.monotonic() - start < timeout, "not all agents came back"
            time.sleep(0.02)

    def stop(self):
        for p in self.processes:
            p.kill()
            p.wait()
