# SPDX-License-Identifier: Apache-2.0
"""Every document of examples/ deploys as it is, with the command its comment gives."""
import pytest
from harness import ROOT, cli, wait_for

EXAMPLES = {
    "hello": (None, "hello from drone-1"),
    "fibonacci": ("fibonacci", "89"),
    "sensor": ("sensor", "2 readings"),
    "configuration": (None, None),
    "two-processes": (None, "20"),
    "diagnose": (None, "Linux"),
}


def test_every_document_is_listed_here():
    assert {p.stem for p in (ROOT / "examples").glob("*.yaml")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(swarm, name):
    agent, = swarm.add(1, tags=[])
    source, output = EXAMPLES[name]
    command = ["deploy", ROOT / "examples" / f"{name}.yaml", "--wait"]
    cli(swarm.manager, *command, *(["--source", ROOT / "examples" / source] if source else []))
    task = swarm.manager.get("/tasks")["items"][0]["id"]
    assert swarm.manager.rows(task)["drone-1"]["state"] == "succeeded"
    if output:
        wait_for(lambda: any(output in line for line in swarm.manager.output(task=task)), f"'{output}' in the output")
    if name == "configuration":
        assert "rate = 25" in (agent.app_dir("camera-settings") / "data" / "settings.ini").read_text()
