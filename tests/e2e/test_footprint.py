# SPDX-License-Identifier: Apache-2.0
"""What the release build may cost at the edge: the agent's memory at rest and at work, whatever the package."""
import os

import harness
import pytest

IDLE_KIB, PEAK_KIB = 4 * 1024, 8 * 1024


@pytest.fixture
def release(monkeypatch):
    """The swarm of the release build: figures of other builds say nothing."""
    programs = harness.ROOT / "build" / "release" / "bin"
    assert (programs / "hivecast-agent").exists(), "build it first: ./run test does"
    monkeypatch.setattr(harness, "BIN", programs)
    with harness.swarm(agents=1) as s:
        yield s


def test_the_agent_stays_small_at_rest_and_at_work(release):
    agent, = release.agents
    assert agent.rss_kib() <= IDLE_KIB
    peaks = []
    for size in (5_000_000, 100_000_000):
        upload = release.manager.upload(harness.zip_of({"noise.bin": os.urandom(size)}))
        task = release.manager.deploy({"source": {"upload": upload}, "deploy": {
            "install": {"commands": ["test -f noise.bin"]}, "run": {"commands": ["exec sleep 100000"]},
            "target": {"ids": ["drone-1"]}}})
        release.manager.wait_final(task, "succeeded")
        peaks.append(agent.rss_kib(peak=True))
    assert peaks[1] <= PEAK_KIB
    assert peaks[1] <= 1.25 * peaks[0], f"grows with the package: {peaks} KiB"
