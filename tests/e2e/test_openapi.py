# SPDX-License-Identifier: Apache-2.0
"""The main job through Prism's validating proxy: requests and answers are what openapi/manager.yaml says."""
import pathlib
import subprocess

import pytest
import requests
from harness import ROOT, free_port, inline, wait_for

PRISM = ROOT / "tests" / "node_modules" / ".bin" / "prism"


@pytest.fixture
def proxied(swarm):
    """The swarm with every REST call of the harness going through the proxy."""
    port = free_port()
    log = open(swarm.folder / "prism.log", "w")
    prism = subprocess.Popen([PRISM, "proxy", "--errors", "--port", str(port), ROOT / "openapi" / "manager.yaml",
                              swarm.manager.url], stdout=log, stderr=subprocess.STDOUT)
    proxy = f"http://127.0.0.1:{port}"

    def answers():
        try:
            return requests.get(proxy + "/health", timeout=10).ok
        except requests.ConnectionError:
            assert prism.poll() is None, (swarm.folder / "prism.log").read_text()
            return False
    try:
        wait_for(answers, "the proxy")
        swarm.add(2)
        swarm.manager.url = proxy
        yield swarm
    finally:
        swarm.manager.url = swarm.manager.ready["http"]
        prism.terminate()
        prism.wait()
        log.close()


def test_every_call_of_the_main_job_is_as_described(proxied):
    manager = proxied.manager
    manager.tokens(2, "through-the-proxy")
    assert manager.get("/token_sets")["total"] >= 1
    manager.get("/token_sets/through-the-proxy")
    manager.call("DELETE", "/token_sets/through-the-proxy")
    manager.call("PUT", "/targets/drone-1", json={"tags": ["swarm", "west"], "location": {"latitude": 1, "longitude": 2}})
    manager.call("PATCH", "/targets", json={"ids": ["drone-1"], "addTags": ["blue"]})
    assert manager.get("/targets", tags="blue", online="true", sort="id")["total"] == 1
    task = manager.deploy({"description": "by the book", "source": inline({"f": "x"}), "debug": True, "deploy": {
        "install": {"commands": ["cat f"]}, "run": {"commands": ["echo out; echo err >&2; exec sleep 1000"]},
        "target": {"tags": ["swarm"]}}})
    manager.wait_final(task, "succeeded")
    manager.get("/tasks", description="book", state="succeeded")
    manager.get(f"/tasks/{task}")
    wait_for(lambda: manager.logs(task=task, text="out"), "the output")
    manager.get("/logs", task=task, target="drone-1", stage="run", error="true", sort="time", perPage=10)
    manager.get("/targets/drone-1")
    manager.call("PUT", "/targets/drone-1/logs", json={"task": task})
    manager.call("PUT", "/targets/drone-1/command", json={"command": "true"})
    manager.call("DELETE", "/targets/drone-1/command")
    manager.call("PUT", "/targets/drone-1/stop")
    manager.call("PUT", f"/tasks/{task}/stop")
    wait_for(lambda: manager.get(f"/tasks/{task}")["counts"]["runs"] == {"stopped": 2}, "the stop")
    manager.call("DELETE", f"/tasks/{task}")
    manager.call("GET", f"/tasks/{task}", expect=404)
    manager.call("DELETE", "/targets/drone-2")
    manager.get("/rpc/server_info")
    assert "openapi" in manager.call("GET", "/openapi.yaml").text
    violations = [line for line in pathlib.Path(proxied.folder / "prism.log").read_text().splitlines()
                  if "Violation" in line or "violation" in line]
    assert violations == []
