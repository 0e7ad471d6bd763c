# SPDX-License-Identifier: Apache-2.0
"""docs/protocol.md is enough: an agent that shares no code with ours deploys, installs and reports."""
import os

from harness import zip_of
from stranger_agent import M, Refused, StrangerAgent

import pytest


@pytest.fixture
def stranger(swarm, tmp_path):
    agent = StrangerAgent(swarm.manager.url, swarm.manager.tokens(1)[0], "stranger", tmp_path / "stranger", ["python"])
    agent.hello()
    return agent


def test_a_stranger_deploys_a_package(swarm, stranger, tmp_path):
    noise = os.urandom(700_000)
    upload = swarm.manager.upload(zip_of({"hello.txt": "hello\n", "deep/er/noise.bin": noise}))
    task = swarm.manager.deploy({
        "source": {"upload": upload}, "debug": True,
        "deploy": {"install": {"commands": ["cat hello.txt", "cp hello.txt copy.txt"]},
                   "run": {"commands": ["wc -c < deep/er/noise.bin"]}, "target": {"tags": ["python"]}}})
    stranger.serve(until=lambda: swarm.manager.rows(task)["stranger"]["runState"] == "exited")
    row = swarm.manager.rows(task)["stranger"]
    assert (row["state"], row["exitStatus"]) == ("succeeded", 0)
    assert (tmp_path / "stranger" / task / "deep/er/noise.bin").read_bytes() == noise
    assert (tmp_path / "stranger" / task / "copy.txt").read_text() == "hello\n"
    assert swarm.manager.output(task=task) == ["hello", "700000"]


def test_a_failed_install_is_told_with_its_code(swarm, stranger):
    task = swarm.manager.deploy({"deploy": {"install": {"commands": ["echo no >&2; exit 3"]},
                                            "target": {"ids": ["stranger"]}}})
    stranger.serve(until=lambda: swarm.manager.rows(task)["stranger"]["state"] == "failed")
    assert swarm.manager.rows(task)["stranger"]["code"] == "command-failed"
    assert swarm.manager.output(task=task, error="true") == ["no"]


def test_reports_sent_twice_are_stored_once(swarm, stranger):
    line = M.LogLine(time_ms=1, output="only once")
    report = M.Report(log=M.Log(stage=M.STAGE_TERMINAL, command="x", lines=[line]))
    request = M.ReportRequest(stream_id=stranger.stream_id, first_seq=1, reports=[report])
    for _ in range(3):
        assert stranger.call("Report", request).stored_seq == 1
    assert swarm.manager.output(target="stranger") == ["only once"]


def test_a_gap_in_the_reports_is_refused(stranger):
    report = M.Report(log=M.Log(stage=M.STAGE_TERMINAL, lines=[M.LogLine(output="x")]))
    with pytest.raises(Refused) as refused:
        stranger.call("Report", M.ReportRequest(stream_id=stranger.stream_id, first_seq=5, reports=[report]))
    assert refused.value.code == "ERROR_CODE_CONFLICT"


def test_another_targets_id_is_refused(swarm, stranger):
    with pytest.raises(Refused) as refused:
        stranger.hello(id="somebody-else")
    assert refused.value.code == "ERROR_CODE_FORBIDDEN"


def test_an_unknown_protocol_version_is_refused(stranger):
    with pytest.raises(Refused) as refused:
        stranger.hello(versions=[99])
    assert refused.value.code == "ERROR_CODE_UNSUPPORTED"


def test_an_announcement_that_is_lost_comes_again_with_the_next_heartbeat(swarm, stranger):
    task = swarm.manager.deploy({"deploy": {"run": {"commands": ["true"]}, "target": {"ids": ["stranger"]}}})

    def announced():
        """The task of the next announcement; everything else is passed over."""
        while True:
            envelope, body, _ = stranger.control.receive()
            if envelope.kind == M.KIND_NOTICE:
                return M.AnnounceRequest.FromString(body).announcement.task_id
    assert announced() == task  # and nothing is done about it
    for _ in range(2):
        stranger.control.send("Heartbeat", M.HeartbeatRequest())
        assert announced() == task
    stranger.acknowledge(task, M.TASK_STATE_ACCEPTED)
    stranger.waiting.clear()
    known = M.TaskStatus(task_id=task, state=M.TASK_STATE_ACCEPTED)
    assert stranger.call("Heartbeat", M.HeartbeatRequest(tasks=[known])).time_ms > 0
    assert stranger.waiting == [], "what the agent knows is not announced again"
