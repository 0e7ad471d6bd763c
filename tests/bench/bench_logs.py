# SPDX-License-Identifier: Apache-2.0
"""logs: rows per second into the store while 50 agents log, and the newest 50 matches of a word among 1,000,000 rows."""
import statistics
import time

import harness
from measure import bar
from simulator import Simulator

# in every row, in a quarter, in a few of a thousand, in one of 500; two words; a phrase
WORDS = ["altitude", "hover", "collision", "w123", "return battery", '"gps lost"']
AGENTS, LINES, SECONDS, ROWS = 50, 500, 10, 1_000_000


def search_ms(manager):
    samples = []
    for words in WORDS * 8:
        start = time.monotonic()
        found = manager.get("/logs", text=words, perPage=50)
        samples.append((time.monotonic() - start) * 1000)
        assert len(found["items"]) == 50
    return samples


def run(_):
    with harness.swarm("--log-level", "warn") as s:
        simulator = Simulator(s.manager, AGENTS, s.folder, LINES)
        try:
            simulator.start()
            harness.wait_for(lambda: simulator.log_lines > 0, "the first lines")
            start, before = time.monotonic(), simulator.log_lines
            harness.wait_for(lambda: time.monotonic() - start >= SECONDS and simulator.log_lines >= ROWS,
                             "a million lines", 300)
            rate = (simulator.log_lines - before) / (time.monotonic() - start)
        finally:
            simulator.stop()
        samples = search_ms(s.manager)
        row = {"agents": AGENTS, "rows": s.manager.get("/logs", perPage=1)["total"], "rows_per_second": int(rate),
               "search_ms": {"median": statistics.median(samples), "max": max(samples)}}
    return {"rows": [row], "bars": [
        bar("rows per second", row["rows_per_second"], 50_000, row["rows_per_second"] >= 50_000),
        bar("search ms, median", row["search_ms"]["median"], 10.0),
    ]}
