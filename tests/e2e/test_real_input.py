# SPDX-License-Identifier: Apache-2.0
"""Real programs and a real tree: built from source on the target, interpreted, and 100 MB compared file by file."""
import os
import random
import subprocess

from harness import inline, wait_for

C_PROGRAM = r"""
#include <stdio.h>
int main(void)
{
    unsigned long long a = 0, b = 1;
    for (int i = 0; i < 90; i++) {
        unsigned long long next = a + b;
        a = b;
        b = next;
    }
    printf("fibonacci %llu\n", a);
    return 0;
}
"""
MAKEFILE = "fibonacci: fibonacci.c\n\tcc -O2 -Wall -o fibonacci fibonacci.c\n"
PYTHON_PROGRAM = """
import json, pathlib, sys
data = json.loads(pathlib.Path("data/points.json").read_text())
print("mean", sum(data) / len(data), flush=True)
print("this is an error", file=sys.stderr)
"""


def test_a_c_program_is_built_from_source_on_the_target(swarm):
    swarm.add(2)
    task = swarm.manager.deploy({
        "source": inline({"fibonacci.c": C_PROGRAM, "Makefile": MAKEFILE}), "debug": True,
        "deploy": {"install": {"commands": ["make", "strip fibonacci"]}, "run": {"commands": ["./fibonacci"]},
                   "target": {"tags": ["swarm"]}}})
    swarm.manager.wait_final(task, "succeeded")
    for target in ("drone-1", "drone-2"):
        wait_for(lambda: swarm.manager.output(task=task, target=target, stage="run") ==
                 ["fibonacci 2880067194370816120"], "the result")


def test_a_python_program_runs_with_its_data(swarm):
    swarm.add(1)
    task = swarm.manager.deploy({
        "source": inline({"mean.py": PYTHON_PROGRAM, "data/points.json": "[1, 2, 3, 6]"}), "debug": True,
        "deploy": {"run": {"commands": ["/usr/bin/python3 mean.py"]}, "target": {"tags": ["swarm"]}}})
    wait_for(lambda: "mean 3.0" in swarm.manager.output(task=task), "the result")
    wait_for(lambda: swarm.manager.output(task=task, error="true") == ["this is an error"], "the error")


def make_tree(root):
    """At least 100 MB: real files of this system, and everything that is odd."""
    root.mkdir()
    for source in ("/usr/lib/python3", "/usr/include", "/usr/share/perl"):
        if os.path.isdir(source):
            subprocess.run(["cp", "-r", "--no-dereference", "--preserve=mode,timestamps,links", source,
                            root / os.path.basename(source)], check=True)
    # Links that leave the tree are refused, as they must be; a package has none.
    for path in list(root.rglob("*")):
        if path.is_symlink() and (os.path.isabs(os.readlink(path)) or not path.exists()):
            path.unlink()
    noise = random.Random(7)
    odd = root / "odd names"
    odd.mkdir()
    for name in (b"space in name", b"new\nline", b"tab\there", b"quote'\"", b"-dash", b"\xff\xfe not utf-8",
                 "snow ☃".encode(), b"back\\slash", b"*?[glob]", b"$HOME", b"x" * 255, b".hidden"):
        with open(os.fsencode(odd) + b"/" + name, "wb") as f:
            f.write(noise.randbytes(1000))
    (root / "empty").mkdir()
    (root / "empty" / "deeper" / "still").mkdir(parents=True)
    (root / "zero").touch()
    (root / "link").symlink_to("odd names/.hidden")
    (root / "dangling").symlink_to("nothing/there")
    (root / "dirlink").symlink_to("empty")
    os.link(root / "odd names" / ".hidden", root / "hard")
    for mode in (0o755, 0o700, 0o640, 0o444, 0o111):
        path = root / f"mode-{mode:o}"
        path.write_text("x")
        path.chmod(mode)
    (root / "closed").mkdir(mode=0o750)
    size = sum(p.lstat().st_size for p in root.rglob("*") if p.is_file() and not p.is_symlink())
    with open(root / "large.bin", "wb") as f:
        f.write(noise.randbytes(max(105_000_000 - size, 40_000_000)))


def listing(root):
    """Every entry with type, mode, size, times of files and link targets, by find: a tool that is not ours."""
    done = subprocess.run(["find", ".", "-mindepth", "1", "(", "-type", "f", "-printf", r"%P\0f %m %s %n %Ts\0", ")", "-o", "(",
                           "-type", "l", "-printf", r"%P\0l %l\0", ")", "-o", "-printf", r"%P\0%y %m\0"],
                          cwd=root, check=True, capture_output=True)
    parts = done.stdout.split(b"\0")[:-1]
    return dict(zip(parts[::2], parts[1::2]))


def test_a_tree_of_100_mb_arrives_unchanged_at_ten_agents(swarm, tmp_path):
    tree, archive = tmp_path / "tree", tmp_path / "tree.tar.zst"
    make_tree(tree)
    subprocess.run(["tar", "--zstd", "-cf", archive, "-C", tree, "."], check=True)
    swarm.add(10)
    with open(archive, "rb") as f:
        upload = swarm.manager.call("POST", "/uploads", files={"file": ("tree.tar.zst", f)}).json()["id"]
    task = swarm.manager.deploy({"source": {"upload": upload}, "deploy": {
        "run": {"commands": ["exec sleep 100000"]}, "target": {"tags": ["swarm"]}}})
    swarm.manager.wait_final(task, "succeeded", timeout=600)
    expected = listing(tree)
    for agent in swarm.agents:
        assert listing(agent.current()) == expected
        subprocess.run(["diff", "-r", "--no-dereference", tree, agent.current()], check=True)


def test_a_new_version_costs_only_what_changed(swarm, tmp_path):
    """The second version of a 20 MB tree differs in one small file; its chunks come from the installed release."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "large.bin").write_bytes(random.Random(3).randbytes(20_000_000))
    (tree / "version").write_text("1")
    agent, = swarm.add(1)

    def deploy():
        archive = tmp_path / "t.tar"
        subprocess.run(["tar", "-cf", archive, "-C", tree, "."], check=True)
        task = swarm.manager.deploy({"source": {"upload": swarm.manager.upload(archive.read_bytes(), "t.tar")}, "deploy": {
            "run": {"commands": ["exec sleep 100000"]}, "target": {"tags": ["swarm"]}}})
        swarm.manager.wait_final(task, "succeeded")

    deploy()
    (tree / "version").write_text("2")
    packs = swarm.manager.data / "packs"
    stored = sum(p.stat().st_size for p in packs.rglob("*") if p.is_file())
    deploy()
    assert (agent.current() / "version").read_text() == "2"
    assert (agent.current() / "large.bin").read_bytes() == (tree / "large.bin").read_bytes()
    assert sum(p.stat().st_size for p in packs.rglob("*") if p.is_file()) - stored < 600_000
