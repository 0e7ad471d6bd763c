# SPDX-License-Identifier: Apache-2.0
"""An agent's whole life under valgrind: join, deploy with a package, a failing install, terminal, stop, end."""
import os

from harness import BIN, Agent, wait_for, zip_of

VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
            "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=97", "--trace-children=no",
            "--child-silent-after-fork=yes", "--track-fds=no"]


def test_an_agents_whole_life_is_clean(swarm):
    agent = Agent(swarm.folder, swarm.manager, "drone-1").join(["swarm"])
    swarm.agents.append(agent)
    agent.spawn(*VALGRIND, BIN / "hivecast-agent", "run", "--data-dir", agent.data)
    agent.wait_online()
    upload = swarm.manager.upload(zip_of({"f": os.urandom(2_000_000), "d/g": "x"}))
    for commands in (["test -f d/g"], ["false"]):
        task = swarm.manager.deploy({"source": {"upload": upload}, "debug": True, "deploy": {
            "install": {"commands": commands}, "run": {"commands": ["echo up; exec sleep 1000"]},
            "target": {"tags": ["swarm"]}}})
        swarm.manager.wait_final(task, "failed" if commands == ["false"] else "succeeded")
    swarm.manager.call("PUT", "/targets/drone-1/command", json={"command": "echo hello"})
    wait_for(lambda: swarm.manager.output(stage="terminal") == ["hello"], "the terminal")
    swarm.manager.restart()
    agent.wait_online()
    swarm.manager.call("PUT", "/targets/drone-1/stop")
    wait_for(lambda: all(t["runState"] != "up" for t in swarm.manager.get("/targets/drone-1")["tasks"]), "the stop")
    assert agent.stop() == 0, agent.log()[-5000:]
