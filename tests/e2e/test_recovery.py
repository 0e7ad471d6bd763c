# SPDX-License-Identifier: Apache-2.0
"""Never lost, never doubled: managers and agents are killed in the middle of everything and started again."""
import os
import pathlib
import threading

import pytest
import requests
from harness import inline, wait_for, zip_of

LONG = {"run": {"commands": ["exec sleep 100000"]}}


def everybody(**deploy):
    return {"deploy": {"target": {"tags": ["swarm"]}, **(deploy or LONG)}}


def big_package(size=24_000_000):
    return zip_of({"noise.bin": os.urandom(size), "small.txt": "small"})


def test_an_agent_that_was_offline_gets_its_tasks_when_it_returns(swarm):
    agent, other = swarm.add(2)
    agent.kill()
    agent.wait_online(False)
    task = swarm.manager.deploy(everybody())
    wait_for(lambda: swarm.manager.rows(task)["drone-2"]["state"] == "succeeded", "the other to succeed")
    assert swarm.manager.rows(task)["drone-1"]["state"] == "pending"
    agent.start()
    swarm.manager.wait_final(task, "succeeded")


def test_offline_agent_gets_only_the_newest_task_of_an_app(swarm):
    agent, = swarm.add(1)
    agent.kill()
    agent.wait_online(False)
    older = swarm.manager.deploy(everybody(install={"commands": ["echo older >> $HIVECAST_APP_DATA/seen"]}))
    newer = swarm.manager.deploy(everybody(install={"commands": ["echo newer >> $HIVECAST_APP_DATA/seen"]}))
    agent.start()
    swarm.manager.wait_final(newer, "succeeded")
    row = swarm.manager.rows(older)["drone-1"]
    assert (row["state"], row["code"]) == ("stopped", "superseded")
    assert (agent.app_dir() / "data" / "seen").read_text() == "newer\n"


@pytest.mark.parametrize("moment", ["pending", "accepted", "transferring", "installing", "activating", "succeeded"])
def test_an_agent_killed_in_any_state_goes_on(swarm, moment):
    agent, = swarm.add(1)
    upload = swarm.manager.upload(big_package())
    task = swarm.manager.deploy({"source": {"upload": upload}, "deploy": {
        "install": {"commands": ["echo once >> $HIVECAST_APP_DATA/installs; sleep 0.3"]},
        "run": {"commands": ["exec sleep 100000"]}, "target": {"tags": ["swarm"]}}})
    order = ["pending", "announced", "accepted", "transferring", "installing", "activating", "succeeded"]
    wait_for(lambda: order.index(swarm.manager.rows(task)["drone-1"]["state"]) >= order.index(moment), moment)
    agent.restart(wait=False)
    swarm.manager.wait_final(task, "succeeded")
    wait_for(lambda: swarm.manager.rows(task)["drone-1"]["runState"] == "up", "it to run")
    assert (agent.current() / "small.txt").read_text() == "small"


def test_an_agent_killed_again_and_again_arrives(swarm):
    agent, = swarm.add(1)
    upload = swarm.manager.upload(big_package())
    task = swarm.manager.deploy({"source": {"upload": upload}, "deploy": {**LONG, "target": {"tags": ["swarm"]}}})
    for _ in range(6):
        agent.restart(wait=False)
        wait_for(lambda: agent.is_online() or swarm.manager.rows(task)["drone-1"]["state"] == "succeeded", "a sign")
    swarm.manager.wait_final(task, "succeeded")


def test_a_manager_killed_after_201_carries_the_task_out(swarm):
    swarm.add(3)
    for _ in range(3):
        task = swarm.manager.deploy({"source": inline({"f": os.urandom(200_000)}), **everybody()})
        swarm.manager.restart()
        swarm.manager.wait_final(task, "succeeded")


def test_a_manager_killed_while_transferring_goes_on(swarm):
    swarm.add(3)
    upload = swarm.manager.upload(big_package())
    task = swarm.manager.deploy({"source": {"upload": upload}, **everybody()})
    wait_for(lambda: any(r["state"] == "transferring" for r in swarm.manager.rows(task).values()), "a transfer")
    swarm.manager.restart()
    swarm.manager.wait_final(task, "succeeded")
    for agent in swarm.agents:
        assert (agent.current() / "small.txt").read_text() == "small"


def test_a_manager_killed_while_ingesting_forgets_nothing_it_promised(swarm):
    swarm.add(1)
    upload = swarm.manager.upload(big_package(60_000_000))
    answers = []

    def post():
        try:
            answers.append(swarm.manager.session.post(swarm.manager.url + "/tasks", timeout=60, json={
                "source": {"upload": upload}, **everybody()}).status_code)
        except requests.ConnectionError:
            answers.append(None)

    thread = threading.Thread(target=post)
    thread.start()
    packages = swarm.manager.data / "packs"
    wait_for(lambda: (packages.is_dir() and any(packages.iterdir())) or answers, "the ingest to begin")
    swarm.manager.kill()
    thread.join()
    swarm.manager.start()
    tasks = swarm.manager.get("/tasks")["items"]
    assert len(tasks) == (1 if answers == [201] else len(tasks)) and len(tasks) <= 1
    again = swarm.manager.deploy({"source": {"upload": upload}, **everybody()})
    swarm.manager.wait_final(again, "succeeded")


def test_logs_arrive_once_and_in_order_while_the_manager_is_killed(swarm):
    swarm.add(2)
    count = 3000
    task = swarm.manager.deploy({"debug": True, "deploy": {
        "run": {"commands": [f"i=0; while [ $i -lt {count} ]; do i=$((i+1)); echo line $i; "
                             "[ $((i % 100)) -gt 0 ] || sleep 0.05; done"]},
        "target": {"tags": ["swarm"]}}})
    for _ in range(3):
        seen = swarm.manager.get("/logs", task=task, perPage=1)["total"]
        wait_for(lambda: swarm.manager.get("/logs", task=task, perPage=1)["total"] > seen, "more lines")
        swarm.manager.restart()
    wait_for(lambda: swarm.manager.get(f"/tasks/{task}")["counts"]["runs"].get("exited") == 2, "both to end")

    def lines(target):
        found = []
        for page in (1, 2, 3, 4, 5):
            found += swarm.manager.get("/logs", task=task, target=target, stage="run", sort="received",
                                       page=page, perPage=1000)["items"]
        return [i["output"] for i in found if not i["event"]]
    expected = [f"line {i}" for i in range(1, count + 1)]
    for target in ("drone-1", "drone-2"):
        wait_for(lambda: len(lines(target)) >= count, "all lines")
        assert lines(target) == expected


def test_output_is_kept_while_the_manager_is_away(swarm):
    swarm.add(1)
    task = swarm.manager.deploy({"debug": True, "deploy": {
        "run": {"commands": ["while [ ! -e $HIVECAST_APP_DATA/go ]; do sleep 0.05; done; echo while you were away"]},
        "target": {"tags": ["swarm"]}}})
    swarm.manager.wait_final(task, "succeeded")
    swarm.manager.kill()
    (swarm.agents[0].app_dir() / "data" / "go").touch()
    swarm.manager.start()
    wait_for(lambda: swarm.manager.output(task=task, stage="run") == ["while you were away"], "the line")


def test_two_tasks_at_the_same_time_end_right_on_every_target(swarm):
    swarm.add(4)
    ids = []

    def post(app, text):
        ids.append((app, text, swarm.manager.deploy({"source": inline({"v": text}), "deploy": {
            **LONG, "app": app, "target": {"tags": ["swarm"]}}})))
    threads = [threading.Thread(target=post, args=(f"app-{i}", f"content {i}")) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for app, text, task in ids:
        swarm.manager.wait_final(task, "succeeded")
        for agent in swarm.agents:
            assert (agent.current(app) / "v").read_text() == text


def test_two_tasks_for_one_app_end_with_the_newer(swarm):
    swarm.add(3)
    first = swarm.manager.deploy({"source": inline({"v": "1"}), **everybody()})
    second = swarm.manager.deploy({"source": inline({"v": "2"}), **everybody()})
    swarm.manager.wait_final(second, "succeeded")
    swarm.manager.wait_final(first)
    for agent in swarm.agents:
        assert (agent.current() / "v").read_text() == "2"


def is_gone(pid):
    """Not there, or dead and waiting for whoever reaps orphans here."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_what_ran_runs_again_after_a_reboot_and_what_was_stopped_does_not(swarm):
    agent, = swarm.add(1)
    runs = swarm.manager.deploy(everybody(app="runs", run={"commands": ["echo $$ >> $HIVECAST_APP_DATA/p; exec sleep 99999"]}))
    stopped = swarm.manager.deploy(everybody(app="stopped", run={"commands": ["echo $$ >> $HIVECAST_APP_DATA/p; exec sleep 99999"]}))
    for task in (runs, stopped):
        swarm.manager.wait_final(task, "succeeded")
    swarm.manager.call("PUT", f"/tasks/{stopped}/stop")
    wait_for(lambda: swarm.manager.rows(stopped)["drone-1"]["runState"] == "stopped", "the stop")

    def starts(app):
        return (agent.app_dir(app) / "data" / "p").read_text().split()
    wait_for(lambda: len(starts("runs")) == 1, "the first start")
    agent.restart()
    wait_for(lambda: len(starts("runs")) == 2, "the second start")
    assert is_gone(starts("runs")[0]), "the process of before the crash must be gone"
    assert len(starts("stopped")) == 1
    agent.stop()
    agent.start()
    wait_for(lambda: len(starts("runs")) == 3, "the third start")
    assert len(starts("stopped")) == 1


def test_a_stop_for_an_offline_target_takes_effect_when_it_returns(swarm):
    agent, = swarm.add(1)
    task = swarm.manager.deploy(everybody())
    swarm.manager.wait_final(task, "succeeded")
    agent.kill()
    agent.wait_online(False)
    swarm.manager.call("PUT", f"/tasks/{task}/stop")
    agent.start()
    wait_for(lambda: swarm.manager.rows(task)["drone-1"]["runState"] == "stopped", "the stop")


def test_an_agent_with_half_of_its_chunks_fetches_only_the_rest(swarm):
    agent, = swarm.add(1)
    size = 40_000_000
    upload = swarm.manager.upload(big_package(size))
    task = swarm.manager.deploy({"source": {"upload": upload}, **everybody()})

    def staged():
        return sum(f.stat().st_size for f in agent.data.rglob("noise.bin"))
    wait_for(lambda: staged() > size // 4, "part of the package")
    agent.kill()
    had = staged()
    fetched_before = bytes_received(swarm.manager)
    agent.start()
    swarm.manager.wait_final(task, "succeeded")
    assert bytes_received(swarm.manager) - fetched_before < (size - had) + 4_000_000 or had >= size


def bytes_received(manager):
    """Bytes the manager has written to sockets, by its own accounting in /proc (wchar counts all writes)."""
    for line in open(f"/proc/{manager.pid}/io"):
        if line.startswith("wchar:"):
            return int(line.split()[1])
    raise AssertionError("no wchar")
