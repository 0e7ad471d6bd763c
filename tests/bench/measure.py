# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks measure with: bytes on the wire, memory peaks, the moment something is known."""
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import time

import websocket

BIN = pathlib.Path(os.environ["HIVECAST_BIN"])


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def bar(what, measured, limit, met=None):
    return {"what": what, "measured": measured, "bar": limit, "met": measured <= limit if met is None else met}


def raw(*arguments):
    """Seconds of hivecast-bench-raw."""
    return float(subprocess.run([BIN / "hivecast-bench-raw", *map(str, arguments)], check=True, capture_output=True,
                                text=True).stdout)


class WireCounter:
    """Bytes of all packets from and to the manager's ZeroMQ ports, headers included: nftables counters on
    the output hook, which every packet of the loopback passes once."""
    TABLE = "hivecast_bench"

    def __init__(self, *ports):
        self.ports = ", ".join(map(str, ports))

    def __enter__(self):
        subprocess.run(["nft", "-f", "-"], check=True, text=True, input=f"""
            table inet {self.TABLE} {{
              chain out {{
                type filter hook output priority 0;
                tcp dport {{ {self.ports} }} counter comment "up"
                tcp sport {{ {self.ports} }} counter comment "down"
              }}
            }}""")
        return self

    def __exit__(self, *_):
        subprocess.run(["nft", "delete", "table", "inet", self.TABLE], check=True)

    def bytes(self):
        listing = subprocess.run(["nft", "list", "table", "inet", self.TABLE], check=True, capture_output=True,
                                 text=True).stdout
        return sum(int(n) for n in re.findall(r"counter packets \d+ bytes (\d+)", listing))


def reset_peak(process):
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")


class Watcher:
    """Follows taskUpdated events of a manager over its WebSocket."""

    def __init__(self, manager):
        self.socket = websocket.create_connection(
            manager.url.replace("http", "ws", 1) + "/events?topics=taskUpdated", timeout=300,
            header=[f"Authorization: Bearer {manager.token}"])

    def close(self):
        with contextlib.suppress(Exception):
            self.socket.close()

    def wait_succeeded(self, count):
        """Returns the moments (monotonic) at which each target of the next task was known as succeeded."""
        moments = {}
        while len(moments) < count:
            event = json.loads(self.socket.recv())
            data = event.get("data", {})
            if event["topic"] == "gap":
                raise AssertionError("events were lost; the measurement is void")
            if data.get("state") in ("failed", "rejected", "stopped"):
                raise AssertionError(f"a target did not succeed: {data}")
            if data.get("state") == "succeeded" and data.get("target"):
                moments.setdefault((data["task"], data["target"]), time.monotonic())
        return list(moments.values())


def settled_rss_kib(process):
    """Resident memory once it stays the same for a second."""
    last, since = process.rss_kib(), time.monotonic()
    while time.monotonic() - since < 1:
        time.sleep(0.1)
        now = process.rss_kib()
        if now != last:
            last, since = now, time.monotonic()
    return last
