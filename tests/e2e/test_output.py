# SPDX-License-Identifier: Apache-2.0
"""Output of commands: all of it, in order, once; floods, breaks and kills included."""
import collections
import time

from harness import PATIENCE, swarm, wait_for

MANY = 60000


def deploy(s, command, **run):
    return s.manager.deploy({"debug": True, "deploy": {"run": {"commands": [command], **run},
                                                       "target": {"tags": ["swarm"]}}})


def lines_of(manager, task):
    """Every line of output, no events, in the order of the store; a page at a time."""
    lines, page = [], 1
    while True:
        items = manager.get("/logs", task=task, stage="run", perPage=1000, page=page, sort="time")["items"]
        lines += [i["output"] for i in items if not i.get("event")]
        if len(items) < 1000:
            return lines
        page += 1


def count(manager, task):
    return manager.get("/logs", task=task, stage="run", perPage=1)["total"]


def test_a_flood_arrives_whole_and_in_order():
    with swarm(agents=1) as s:
        task = deploy(s, f"seq 1 {MANY}")
        s.manager.wait_final(task, "succeeded")
        wait_for(lambda: count(s.manager, task) >= MANY + 2, "all lines")
        assert lines_of(s.manager, task) == [str(i + 1) for i in range(MANY)]


def test_an_endless_flood_is_held_and_can_be_stopped():
    with swarm(agents=1) as s:
        agent = s.agents[0]
        with agent.grows_at_most(60, peak=True):
            task = deploy(s, "yes this is a line that nobody needs")
            s.manager.wait_final(task, "succeeded")
            wait_for(lambda: count(s.manager, task) > 200000, "a flood", 2 * PATIENCE)
        before = time.monotonic()
        s.manager.call("PUT", f"/tasks/{task}/stop")
        wait_for(lambda: s.manager.rows(task)[agent.id]["runState"] == "stopped", "the end of the flood")
        assert time.monotonic() - before < 20


def test_binary_output_is_harmless():
    with swarm(agents=1) as s:
        task = deploy(s, r"printf 'a\033[31mb\377\000c\r\nnext\n'")
        s.manager.wait_final(task, "succeeded")
        wait_for(lambda: count(s.manager, task) >= 4, "all lines")
        assert lines_of(s.manager, task) == ["a\\x1b[31mb\ufffd\\x00c", "next"]


def test_lines_are_there_once_when_manager_and_agent_are_killed():
    """Each life of the command counts from 0 under its own process id."""
    with swarm(agents=1) as s:
        task = deploy(s, "i=0; while :; do echo $$ $i; i=$((i+1)); [ $((i%100)) = 0 ] && sleep 0.02; done")
        s.manager.wait_final(task, "succeeded")
        for victim in (s.manager, s.agents[0], s.manager, s.agents[0]):
            seen = count(s.manager, task)
            wait_for(lambda: count(s.manager, task) > seen + 500, "more lines")
            victim.restart()
            s.agents[0].wait_online()
        seen = count(s.manager, task)
        wait_for(lambda: count(s.manager, task) > seen + 500, "more lines")
        s.manager.call("PUT", f"/tasks/{task}/stop")
        wait_for(lambda: s.manager.rows(task)[s.agents[0].id]["runState"] == "stopped", "the end")
        lives = collections.defaultdict(list)
        for line in lines_of(s.manager, task):
            pid, number = line.split()
            lives[pid].append(int(number))
        assert len(lives) == 3
        for numbers in lives.values():
            assert sorted(numbers) == list(range(len(numbers)))
