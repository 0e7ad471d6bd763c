# SPDX-License-Identifier: Apache-2.0
"""The hivecast command against a real manager and real agents, as people and scripts use it."""
import json
import os
import pty
import re
import signal
import stat
import subprocess
import tarfile

import pytest
from harness import BIN, PATIENCE, cli, cli_environment, sanitizer_options, wait_for

HIVECAST = str(BIN / "hivecast")


def start(manager, *arguments, **kwargs):
    """A hivecast that goes on running."""
    return subprocess.Popen([HIVECAST, *map(str, arguments)], env=cli_environment(manager), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)


def document(folder, name="task.yaml", **deploy):
    """A task document in a file; JSON is YAML."""
    deploy.setdefault("target", {"tags": ["swarm"]})
    path = folder / name
    path.write_text("# a comment makes it YAML\n" + json.dumps({"deploy": deploy}))
    return path


def login_environment(folder):
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"),
            **sanitizer_options(folder / "login.sanitizer")}


def test_login_remembers_manager_and_token_for_the_user_alone(swarm, tmp_path):
    env = login_environment(tmp_path)
    done = subprocess.run([HIVECAST, "login", swarm.manager.url], env=env, input=swarm.manager.token + "\n",
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "config" / "hivecast" / "config.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert swarm.manager.token not in done.stdout + done.stderr
    done = subprocess.run([HIVECAST, "status"], env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and "0 online" in done.stdout


def test_a_token_typed_at_a_terminal_is_not_echoed(swarm, tmp_path):
    master, slave = pty.openpty()
    process = subprocess.Popen([HIVECAST, "login", swarm.manager.url], env=login_environment(tmp_path), stdin=slave,
                               stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    seen = b""
    while b"Token: " not in seen:
        seen += os.read(master, 1000)
    os.write(master, swarm.manager.token.encode() + b"\n")
    assert process.wait(PATIENCE) == 0
    while b"logged in" not in seen:
        seen += os.read(master, 1000)
    os.close(master)
    assert swarm.manager.token.encode() not in seen


def test_a_wrong_token_is_not_remembered(swarm, tmp_path):
    done = subprocess.run([HIVECAST, "login", swarm.manager.url, "--token", "wrong"], env=login_environment(tmp_path),
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "hivecast login" in done.stderr
    assert not (tmp_path / "config").exists()


def test_errors_say_what_to_do(swarm, tmp_path):
    env = login_environment(tmp_path)
    done = subprocess.run([HIVECAST, "targets"], env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "hivecast login" in done.stderr
    done = subprocess.run([HIVECAST, "targets", "--url", "http://127.0.0.1:1"], env=env, capture_output=True,
                          text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "running" in done.stderr
    _, text = cli(swarm.manager, "deploy", document(tmp_path, run={"commands": ["x"], "autorestart": True}), expect=1)
    assert "deploy.run.autorestart" in text and "autoRestart" in text
    _, text = cli(swarm.manager, "logs", "--folow", expect=2)
    assert "--follow" in text


def test_tokens_go_to_standard_output_alone(swarm):
    out, _ = cli(swarm.manager, "tokens", "create", "lab", 3)
    assert len(out.split()) == 3
    assert all(re.fullmatch(r"[0-9a-f]{4}(-[0-9a-f]{4}){2}", token) for token in out.split())
    assert json.loads(cli(swarm.manager, "tokens", "--json")[0])["items"][0]["available"] == 3
    cli(swarm.manager, "tokens", "rm", "lab")
    assert json.loads(cli(swarm.manager, "tokens", "ls", "--json")[0])["total"] == 0


def test_targets_are_listed_changed_and_removed(swarm):
    swarm.add(2)
    out, _ = cli(swarm.manager, "targets")
    assert re.search(r"drone-1 +online", out) and re.search(r"drone-2 +online", out)
    cli(swarm.manager, "targets", "set", "--with-tag", "swarm", "--add-tag", "north")
    cli(swarm.manager, "targets", "set", "drone-2", "--remove-tag", "north", "--location", "45.1,7.5")
    found = json.loads(cli(swarm.manager, "targets", "--tag", "north", "--json")[0])
    assert [t["id"] for t in found["items"]] == ["drone-1"]
    shown = json.loads(cli(swarm.manager, "targets", "show", "drone-2", "--json")[0])
    assert shown["location"] == {"latitude": 45.1, "longitude": 7.5}
    cli(swarm.manager, "targets", "rm", "drone-2", "no-such-target", expect=1)
    assert json.loads(cli(swarm.manager, "targets", "--json")[0])["total"] == 1


def test_a_directory_is_packed_while_it_is_uploaded(swarm, tmp_path):
    agent, = swarm.add(1)
    source = tmp_path / "source"
    (source / "bin").mkdir(parents=True)
    (source / "empty").mkdir()
    (source / "bin" / "run").write_text("#!/bin/sh\necho ran\n")
    (source / "bin" / "run").chmod(0o750)
    (source / "to").symlink_to("bin/run")
    (source / "large").write_bytes(os.urandom(5_000_000))
    (source / os.fsdecode(b"odd \xff\xc3\xa4")).write_text("odd")
    path = document(tmp_path, install={"commands": ["./to"]})
    cli(swarm.manager, "deploy", path, "--source", source, "--wait")
    installed = agent.current()
    assert (installed / "large").read_bytes() == (source / "large").read_bytes()
    assert os.readlink(installed / "to") == "bin/run"
    assert stat.S_IMODE((installed / "bin" / "run").stat().st_mode) == 0o750
    assert (installed / "empty").is_dir()
    assert (installed / os.fsdecode(b"odd \xff\xc3\xa4")).read_text() == "odd"


def test_an_archive_is_uploaded_as_it_is(swarm, tmp_path):
    agent, = swarm.add(1)
    (tmp_path / "file").write_text("content")
    with tarfile.open(tmp_path / "source.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "file", "file")
    cli(swarm.manager, "deploy", document(tmp_path, install={"commands": ["true"]}), "--source",
        tmp_path / "source.tar.gz", "--wait")
    assert (agent.current() / "file").read_text() == "content"


def test_targets_of_the_command_line_replace_those_of_the_document(swarm, tmp_path):
    swarm.add(2)
    path = document(tmp_path, install={"commands": ["true"]}, target={"ids": ["drone-1"]})
    task = json.loads(cli(swarm.manager, "deploy", path, "--id", "drone-2", "--json")[0])["id"]
    assert set(swarm.manager.rows(task)) == {"drone-2"}


def test_wait_fails_when_a_target_fails_and_groups_equal_errors(swarm, tmp_path):
    swarm.add(3)
    path = document(tmp_path, install={"commands": ['[ "$HIVECAST_TARGET" = drone-1 ]']})
    out, _ = cli(swarm.manager, "deploy", path, "--wait", expect=1)
    assert "1 of 3 succeeded, 2 failed" in out
    assert re.search(r"failed on 2 targets: .*exited with status 1 \(drone-2, drone-3\)", out)
    result = json.loads(cli(swarm.manager, "deploy", path, "--wait", "--json", expect=1)[0])
    assert result["ok"] is False and result["counts"]["states"] == {"failed": 2, "succeeded": 1}
    assert result["failures"][0]["targets"] == ["drone-2", "drone-3"]


def test_wait_fails_when_a_run_command_exits_with_an_error(swarm, tmp_path):
    swarm.add(1)
    out, _ = cli(swarm.manager, "deploy", document(tmp_path, run={"commands": ["exit 3"]}), "--wait", expect=1)
    assert "status 3" in out
    cli(swarm.manager, "deploy", document(tmp_path, run={"commands": ["exit 0"]}), "--wait")
    path = document(tmp_path, run={"commands": ["exec sleep 1000"]})
    cli(swarm.manager, "deploy", path, "--wait", "--settle", 0)


def test_wait_can_give_up_on_targets_that_are_away(swarm, tmp_path):
    agent, = swarm.add(1)
    agent.stop()
    path = document(tmp_path, install={"commands": ["true"]})
    _, text = cli(swarm.manager, "deploy", path, "--wait", "--timeout", 1, expect=1)
    assert "pending" in text and "tasks show" in text


def test_waiting_survives_a_restart_of_the_manager(swarm, tmp_path):
    agent, = swarm.add(1)
    path = document(tmp_path, install={"commands": ["while [ ! -e \"$HIVECAST_APP_DATA/go\" ]; do sleep 0.1; done"]})
    process = start(swarm.manager, "deploy", path, "--wait")
    task = process.stdout.readline().split()[1]
    wait_for(lambda: swarm.manager.rows(task)["drone-1"]["state"] == "installing", "the install command")
    swarm.manager.kill()
    assert "trying again" in process.stderr.readline()
    swarm.manager.start()
    (agent.app_dir() / "data" / "go").write_text("")
    assert process.wait(PATIENCE) == 0
    process.communicate()


def test_ctrl_c_while_waiting_leaves_the_deployment_alone(swarm, tmp_path):
    swarm.add(1)
    path = document(tmp_path, install={"commands": ["while [ ! -e go ]; do sleep 0.1; done"]})
    process = start(swarm.manager, "deploy", path, "--wait")
    line = process.stdout.readline()
    task = line.split()[1]
    wait_for(lambda: swarm.manager.rows(task)["drone-1"]["state"] == "installing", "the install command")
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and task in text
    assert swarm.manager.rows(task)["drone-1"]["state"] == "installing"
    cli(swarm.manager, "tasks", "stop", task)
    wait_for(lambda: swarm.manager.rows(task)["drone-1"]["state"] == "stopped", "the stop")


def test_tasks_are_shown_stopped_and_deleted(swarm, tmp_path):
    swarm.add(1)
    path = document(tmp_path, run={"commands": ["exec sleep 1000"]})
    task = cli(swarm.manager, "deploy", path, "--wait")[0].split()[1]
    assert task in cli(swarm.manager, "tasks")[0]
    assert re.search(r"drone-1 +succeeded +up", cli(swarm.manager, "tasks", "show", task)[0])
    cli(swarm.manager, "tasks", "rm", task, expect=1)
    cli(swarm.manager, "stop", task)
    wait_for(lambda: swarm.manager.rows(task)["drone-1"]["runState"] == "stopped", "the stop")
    cli(swarm.manager, "tasks", "rm", task)
    cli(swarm.manager, "stop", task, expect=1)


def test_exec_is_as_if_the_command_ran_here(swarm):
    swarm.add(1)
    out, text = cli(swarm.manager, "exec", "drone-1", "echo out; echo err >&2; exit 7", expect=7)
    assert (out, text) == ("out\n", "err\n")
    assert cli(swarm.manager, "exec", "drone-1", "--", "echo", "-n", "a  b")[0] == "a b\n"
    lines = [json.loads(line) for line in cli(swarm.manager, "exec", "drone-1", "echo x", "--json")[0].splitlines()]
    assert any(line["output"] == "x" and line["stage"] == "terminal" for line in lines)
    cli(swarm.manager, "exec", "drone-9", "true", expect=1)


def test_ctrl_c_ends_the_command_on_the_target(swarm):
    swarm.add(1)
    process = start(swarm.manager, "exec", "drone-1", "echo $$; exec sleep 1000")
    pid = int(process.stdout.readline())
    os.kill(pid, 0)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_logs_are_searched(swarm, tmp_path):
    swarm.add(2)
    path = document(tmp_path, run={"commands": ["echo oops >&2; exit 1"]})
    cli(swarm.manager, "deploy", path, "--wait", expect=1)
    wait_for(lambda: cli(swarm.manager, "logs", "--errors", "--grep", "oops")[0].count("oops") == 2, "the errors")
    path = document(tmp_path, run={"commands": ["echo the quick brown fox"]})
    path.write_text(path.read_text().replace('{"deploy"', '{"debug": true, "deploy"'))
    cli(swarm.manager, "deploy", path, "--wait")
    wait_for(lambda: cli(swarm.manager, "logs", "--grep", '"quick brown" fo*')[0].count("fox") == 2, "the output")
    out, _ = cli(swarm.manager, "logs", "--target", "drone-1", "--grep", "fox", "--since", "10m")
    assert out.count("fox") == 1
    assert cli(swarm.manager, "logs", "--until", "2020-01-01T00:00:00Z")[0] == ""
    found = json.loads(cli(swarm.manager, "logs", "--errors", "--stage", "run", "--json", "-n", 1)[0])
    assert len(found["items"]) == 1 and found["total"] >= 2


def test_followed_logs_arrive_and_survive_a_restart_of_the_manager(swarm):
    swarm.add(1)
    process = start(swarm.manager, "logs", "-f", "--json", "--stage", "terminal")
    try:
        cli(swarm.manager, "exec", "drone-1", "echo before")
        while json.loads(process.stdout.readline())["output"] != "before":
            pass
        swarm.manager.restart()
        swarm.agents[0].wait_online()
        assert "trying again" in process.stderr.readline()
        cli(swarm.manager, "exec", "drone-1", "echo after")
        while json.loads(process.stdout.readline())["output"] != "after":
            pass
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130


def test_completion_knows_commands_and_options():
    script = subprocess.run([HIVECAST, "completion", "bash"], capture_output=True, text=True, timeout=PATIENCE).stdout

    def complete(*words):
        command = f'{script}\nCOMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; _hivecast; ' \
                  'echo "${COMPREPLY[@]}"'
        return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE).stdout.split()
    assert complete("hivecast", "dep") == ["deploy"]
    assert complete("hivecast", "targets", "s") == ["show", "set"]
    assert complete("hivecast", "logs", "--fol") == ["--follow"]
    assert subprocess.run([HIVECAST, "completion", "fish"], capture_output=True, timeout=PATIENCE).returncode == 1
