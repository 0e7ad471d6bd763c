# SPDX-License-Identifier: Apache-2.0
"""Register, deploy, run, see: the main job with real managers and agents."""
import pathlib
import time

import pytest
import requests
from harness import Agent, inline, wait_for, zip_of


def target(*ids, tags=()):
    return {"ids": list(ids), "tags": list(tags)}


def test_a_package_reaches_every_target_by_tag_and_id(swarm):
    swarm.add(3, tags=["north"])
    swarm.add(1, tags=["south"], prefix="rover")
    task = swarm.manager.deploy({
        "description": "count to three", "source": inline({"count.sh": "for i in 1 2 3; do echo $i; done\n"}),
        "deploy": {"install": {"commands": ["chmod +x count.sh"]}, "run": {"commands": ["sh count.sh"]},
                   "target": target("rover-4", tags=["north"])}, "debug": True})
    rows = swarm.manager.wait_final(task, "succeeded")
    assert set(rows) == {"drone-1", "drone-2", "drone-3", "rover-4"}
    for agent in swarm.agents:
        wait_for(lambda: swarm.manager.output(task=task, target=agent.id, stage="run") == ["1", "2", "3"],
                 "all lines in order")
    wait_for(lambda: swarm.manager.get(f"/tasks/{task}")["counts"]["runs"] == {"exited": 4}, "all to have ended")
    assert {r["exitStatus"] for r in swarm.manager.rows(task).values()} == {0}


def test_a_task_without_files_runs(swarm):
    swarm.add(2)
    task = swarm.manager.deploy({"deploy": {"run": {"commands": ["echo up; exec sleep 1000"]},
                                            "target": target(tags=["swarm"])}})
    swarm.manager.wait_final(task, "succeeded")
    assert swarm.manager.get(f"/tasks/{task}")["counts"]["runs"] == {"up": 2}


def test_files_of_the_source_directory_are_deployed(tmp_path):
    from harness import swarm as new_swarm
    (tmp_path / "package" / "sub").mkdir(parents=True)
    (tmp_path / "package" / "sub" / "a.txt").write_text("from the source directory\n")
    with new_swarm("--source-dir", str(tmp_path), agents=1) as s:
        task = s.manager.deploy({"source": {"paths": ["package"]}, "debug": True,
                                 "deploy": {"run": {"commands": ["cat sub/a.txt"]}, "target": target("drone-1")}})
        s.manager.wait_final(task, "succeeded")
        wait_for(lambda: s.manager.output(task=task) == ["from the source directory"], "its output")


def test_commands_find_their_directories_and_names(swarm):
    agent, = swarm.add(1)
    document = {"source": inline({"f": "x"}), "debug": True, "deploy": {
        "app": "camera", "install": {"commands": ["pwd -P", "echo one >> $HIVECAST_APP_DATA/kept"]},
        "run": {"commands": ["cat $HIVECAST_APP_DATA/kept; echo $HIVECAST_APP $HIVECAST_TASK $HIVECAST_TARGET"]},
        "target": target("drone-1")}}
    swarm.manager.wait_final(swarm.manager.deploy(document), "succeeded")
    task = swarm.manager.deploy(document)
    swarm.manager.wait_final(task, "succeeded")
    wait_for(lambda: swarm.manager.output(task=task, stage="run") == ["one", "one", f"camera {task} drone-1"],
             "the data of the app to outlive the release")
    where, = swarm.manager.output(task=task, stage="install")
    assert pathlib.Path(where).is_relative_to(agent.app_dir("camera"))


def test_a_newer_task_replaces_the_release_only_after_its_install_succeeded(swarm):
    agent, = swarm.add(1)
    first = swarm.manager.deploy({"source": inline({"v": "1"}), "deploy": {
        "run": {"commands": ["exec sleep 1001"]}, "target": target("drone-1")}})
    other = swarm.manager.deploy({"deploy": {"app": "other", "run": {"commands": ["exec sleep 1002"]},
                                             "target": target("drone-1")}})
    swarm.manager.wait_final(first, "succeeded")
    swarm.manager.wait_final(other, "succeeded")
    broken = swarm.manager.deploy({"source": inline({"v": "2"}), "deploy": {
        "install": {"commands": ["echo broken >&2; exit 7"]}, "run": {"commands": ["exec sleep 1003"]},
        "target": target("drone-1")}})
    row = swarm.manager.wait_final(broken, "failed")["drone-1"]
    assert row["code"] == "command-failed" and "7" in row["message"]
    assert swarm.manager.rows(first)["drone-1"]["runState"] == "up"
    assert (agent.current() / "v").read_text() == "1"
    third = swarm.manager.deploy({"source": inline({"v": "3"}), "deploy": {
        "run": {"commands": ["exec sleep 1004"]}, "target": target("drone-1")}})
    swarm.manager.wait_final(third, "succeeded")
    assert (agent.current() / "v").read_text() == "3"
    wait_for(lambda: swarm.manager.rows(first)["drone-1"]["runState"] == "stopped", "the old release to be stopped")
    assert swarm.manager.rows(other)["drone-1"]["runState"] == "up"


def test_install_stops_at_the_first_failure(swarm):
    swarm.add(1)
    task = swarm.manager.deploy({"debug": True, "deploy": {
        "install": {"commands": ["echo first", "false", "echo never"]}, "target": target("drone-1")}})
    swarm.manager.wait_final(task, "failed")
    assert swarm.manager.output(task=task) == ["first"]


def test_a_target_that_cannot_hold_the_package_says_so_in_numbers(swarm):
    swarm.add(1, options=["--disk-reserve-mib", "1000000000"])
    task = swarm.manager.deploy({"source": inline({"f": "x"}), "deploy": {
        "run": {"commands": ["true"]}, "target": target("drone-1")}})
    row = swarm.manager.wait_final(task, "rejected")["drone-1"]
    assert row["code"] == "no-space" and any(c.isdigit() for c in row["message"])


def processes(marker):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if marker in (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_stop_ends_the_real_program_and_all_its_children(swarm):
    swarm.add(1)
    marker = f"sleep 98{time.monotonic_ns() % 10**9}"
    task = swarm.manager.deploy({"deploy": {"run": {"commands": [f"{marker} & {marker}; true"]},
                                            "target": target("drone-1")}})
    swarm.manager.wait_final(task, "succeeded")
    wait_for(lambda: len(processes(marker)) >= 2, "the program to run")
    swarm.manager.call("DELETE", f"/tasks/{task}", expect=409)
    swarm.manager.call("PUT", f"/tasks/{task}/stop")
    wait_for(lambda: swarm.manager.rows(task)["drone-1"]["runState"] == "stopped", "it to be stopped")
    assert processes(marker) == []
    swarm.manager.call("DELETE", f"/tasks/{task}")
    swarm.manager.call("GET", f"/tasks/{task}", expect=404)


def test_auto_restart_starts_again_what_crashed(swarm):
    swarm.add(1)
    task = swarm.manager.deploy({"debug": True, "deploy": {
        "run": {"commands": ["echo started; exit 3"], "autoRestart": True}, "target": target("drone-1")}})
    wait_for(lambda: len(swarm.manager.output(task=task)) >= 2, "a second start")
    swarm.manager.call("PUT", "/targets/drone-1/stop")
    wait_for(lambda: swarm.manager.rows(task)["drone-1"]["runState"] == "stopped", "it to be stopped")


def test_quiet_output_is_sent_on_request_only(swarm):
    swarm.add(1)
    task = swarm.manager.deploy({"deploy": {"run": {"commands": ["echo quiet; echo loud >&2"]},
                                            "target": target("drone-1")}})
    wait_for(lambda: swarm.manager.output(task=task) == ["loud"], "the error")
    swarm.manager.call("PUT", "/targets/drone-1/logs", json={"task": task})
    wait_for(lambda: sorted(swarm.manager.output(task=task)) == ["loud", "quiet"], "what was kept")


def test_the_terminal_runs_and_stops_commands(swarm):
    swarm.add(1)
    swarm.manager.call("PUT", "/targets/drone-1/command", json={"command": "echo hello from the terminal"})
    wait_for(lambda: swarm.manager.output(stage="terminal") == ["hello from the terminal"], "its output")
    marker = f"sleep 97{time.monotonic_ns() % 10**9}"
    swarm.manager.call("PUT", "/targets/drone-1/command", json={"command": marker})
    wait_for(lambda: processes(marker), "the command to run")
    swarm.manager.call("DELETE", "/targets/drone-1/command")
    wait_for(lambda: not processes(marker), "the command to end")


def test_a_removed_target_is_cut_off_and_its_key_refused(swarm):
    agent, = swarm.add(1)
    begin = time.monotonic()
    swarm.manager.call("DELETE", "/targets/drone-1")
    wait_for(lambda: swarm.manager.get("/health")["online"] == 0, "the target to be gone")
    swarm.manager.call("GET", "/targets/drone-1", expect=404)
    assert time.monotonic() - begin < 20
    again = Agent(swarm.folder / "again", swarm.manager, "drone-1").join()
    again.start()
    swarm.agents.append(again)
    assert agent.is_running()


def test_tokens_are_for_one_use(swarm):
    token, = swarm.manager.tokens(1)
    agent = Agent(swarm.folder, swarm.manager, "drone-1").join(token=token)
    agent.join(token=token)  # as if the first answer had been lost: the same device with the same key
    with pytest.raises(AssertionError):
        Agent(swarm.folder, swarm.manager, "drone-2").join(token=token)


def test_tags_select_and_can_be_changed_in_bulk(swarm):
    swarm.add(3, tags=["a"])
    swarm.manager.call("PATCH", "/targets", json={"tags": ["a"], "addTags": ["b"], "removeTags": ["a"]})
    assert swarm.manager.get("/targets", tags="a")["total"] == 0
    assert swarm.manager.get("/targets", tags="b")["total"] == 3
    automatic = swarm.manager.get("/targets/drone-1")["tags"]
    assert "linux" in automatic


def test_logs_are_found_by_words(swarm):
    swarm.add(1)
    task = swarm.manager.deploy({"debug": True, "deploy": {
        "run": {"commands": ["echo the quick brown fox; echo the lazy dog"]}, "target": target("drone-1")}})
    wait_for(lambda: len(swarm.manager.output(task=task)) == 2, "both lines")
    assert swarm.manager.output(task=task, text="lazy") == ["the lazy dog"]
    assert swarm.manager.output(task=task, text='"quick brown"') == ["the quick brown fox"]
    text = swarm.manager.call("GET", f"/logs?task={task}&text=lazy", headers={"Accept": "text/plain"}).text
    assert text.count("\n") == 1 and text.endswith("] the lazy dog\n")


def test_health_needs_no_token_and_everything_else_does(swarm):
    assert requests.get(swarm.manager.url + "/health", timeout=10).json()["status"] == "ok"
    for path in ("/targets", "/tasks", "/logs", "/token_sets"):
        assert requests.get(swarm.manager.url + path, timeout=10).status_code == 401


def test_uploads_of_every_kind_are_unpacked(swarm, tmp_path):
    import subprocess
    agent, = swarm.add(1)
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "f").write_text("content")
    for suffix, flags in ((".tar", []), (".tar.gz", ["-z"]), (".tar.zst", ["--zstd"])):
        archive = tmp_path / f"p{suffix}"
        subprocess.run(["tar", *flags, "-cf", archive, "-C", tmp_path / "t", "."], check=True)
        upload = swarm.manager.upload(archive.read_bytes(), archive.name)
        task = swarm.manager.deploy({"source": {"upload": upload}, "deploy": {
            "install": {"commands": [f"grep -qx content f && echo {suffix} > kind"]}, "target": target("drone-1")}})
        swarm.manager.wait_final(task, "succeeded")
        assert (agent.current() / "kind").read_text() == suffix + "\n"
    assert zip_of({"f": "x"})
