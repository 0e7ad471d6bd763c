# SPDX-License-Identifier: Apache-2.0
"""Power cuts at moments nobody chose: agent and manager are killed again and again while releases are deployed.
After each the newest release runs, once, with every byte as it was packed."""
import os
import pathlib
import random
import time

import pytest
from harness import inline, wait_for


def running(folder):
    """The commands that run in a release below folder."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else [b""]
            if words[0] == b"sleep" and os.readlink(entry / "cwd").startswith(str(folder)):
                found.append(words[1].decode())
        except OSError:
            continue  # it ended meanwhile
    return found


def cut_power(swarm, agent, dice):
    """At a random moment of the next quarter of a second: what is under way then is broken off."""
    due = time.monotonic() + dice.random() / 4
    wait_for(lambda: time.monotonic() >= due, "the moment")
    if dice.random() < 0.3:
        swarm.manager.kill()
        agent.kill()
        swarm.manager.start()
    agent.restart(wait=False)


@pytest.mark.parametrize("seed", [1, 2])
def test_power_cuts_at_any_moment_are_survived(swarm, seed):
    dice = random.Random(seed)
    agent, = swarm.add(1)
    for turn in range(10):
        noise = dice.randbytes(dice.choice([10, 300_000, 2_000_000]))
        task = swarm.manager.deploy({"source": inline({"noise": noise}), "deploy": {
            "install": {"commands": ["echo whole > built", "sleep 0.05"]},
            "run": {"commands": [f"exec sleep {9000 + turn}"]}, "target": {"ids": ["drone-1"]}}})
        for _ in range(dice.choice([1, 1, 2, 3])):
            cut_power(swarm, agent, dice)
        swarm.manager.wait_final(task, "succeeded")
        wait_for(lambda: running(agent.data) == [str(9000 + turn)], "exactly the new release to run")
        assert agent.current().name == task
        assert (agent.current() / "built").read_text() == "whole\n"
        assert (agent.current() / "noise").read_bytes() == noise
        assert len(list((agent.app_dir() / "releases").iterdir())) <= 2


def test_tasks_for_one_app_that_come_all_at_once_end_with_the_newest(swarm):
    agents = swarm.add(3)
    tasks = [swarm.manager.deploy({"source": inline({"noise": os.urandom(400_000), "n": str(n)}), "deploy": {
        "install": {"commands": ["sleep 0.1"]}, "run": {"commands": [f"exec sleep {9100 + n}"]},
        "target": {"tags": ["swarm"]}}}) for n in range(6)]
    assert {r["state"] for r in swarm.manager.wait_final(tasks[-1]).values()} == {"succeeded"}
    for task in tasks[:-1]:
        for row in swarm.manager.wait_final(task).values():
            assert row["state"] == "succeeded" or row["code"] == "superseded", row
    for agent in agents:
        wait_for(lambda: running(agent.data) == ["9105"], "the newest alone to run")
        assert (agent.current() / "n").read_text() == "5"
