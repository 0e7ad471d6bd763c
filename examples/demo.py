# SPDX-License-Identifier: Apache-2.0
"""./run demo: a manager and a small swarm on this machine, a real package deployed with visible progress.

Ctrl-C ends everything and removes the temporary folder; --once ends by itself, the exit status tells."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PATIENCE_S = 60


class Demo:
    def __init__(self, bin_dir, agents):
        self.bin, self.agents = pathlib.Path(bin_dir).resolve(), agents
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hivecast-demo-"))
        self.processes = []
        self.env = {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "config")}

    def start(self, name, *command):
        log = open(self.folder / f"{name}.log", "ab")
        self.processes.append((name, subprocess.Popen([str(c) for c in command], stdout=log, stderr=log,
                                                      stdin=subprocess.DEVNULL, env=self.env, start_new_session=True)))

    def hivecast(self, *arguments, **kwargs):
        return subprocess.run([self.bin / "hivecast", *map(str, arguments)], env=self.env, check=True, **kwargs)

    def wait(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            for name, process in self.processes:
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended:\n" + (self.folder / f"{name}.log").read_text()[-2000:])
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain for {what}; logs are in {self.folder}")
            time.sleep(0.05)

    def start_manager(self):
        ready = self.folder / "manager.ready"
        self.start("manager", self.bin / "hivecast-manager", "--data-dir", self.folder / "manager", "--http", "127.0.0.1:0",
                   "--control", "tcp://127.0.0.1:*", "--bulk", "tcp://127.0.0.1:*", "--ready-file", ready)
        self.wait(ready.exists, "the manager")
        self.url = json.loads(ready.read_text())["http"]
        token = (self.folder / "manager" / "admin.token").read_text().strip()
        self.hivecast("login", self.url, "--token", token)

    def start_agents(self):
        made = self.hivecast("tokens", "create", "demo", self.agents, "--json", capture_output=True, text=True)
        for i, token in enumerate(json.loads(made.stdout)["tokens"], 1):
            data = self.folder / f"drone-{i}"
            subprocess.run([self.bin / "hivecast-agent", "join", self.url, "--token", token, "--id", f"drone-{i}", "--tags",
                            "demo," + ("north" if i % 2 else "south"), "--data-dir", data], check=True, env=self.env,
                           stdout=subprocess.DEVNULL)
            self.start(f"drone-{i}", self.bin / "hivecast-agent", "run", "--data-dir", data)
        self.wait(lambda: self.online() == self.agents, "the agents")

    def online(self):
        done = self.hivecast("targets", "ls", "--json", capture_output=True, text=True)
        return sum(t["online"] for t in json.loads(done.stdout)["items"])

    def close(self):
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for _, process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def show(title):
    print(f"\n\033[1m{title}\033[0m" if sys.stdout.isatty() else f"\n{title}", flush=True)


def play(demo, once):
    show(f"A manager and {demo.agents} agents")
    demo.start_manager()
    demo.start_agents()
    demo.hivecast("targets", "ls")
    show("Deploying C source: every target compiles it for itself")
    demo.hivecast("deploy", ROOT / "examples" / "fibonacci.yaml", "--source", ROOT / "examples" / "fibonacci", "--wait")
    show("What the targets printed")
    demo.hivecast("logs", "--target", "drone-1", "--stage", "run")
    show("A service that keeps running")
    demo.hivecast("deploy", ROOT / "examples" / "sensor.yaml", "--source", ROOT / "examples" / "sensor", "--wait")
    demo.hivecast("tasks", "ls")
    if once:
        return
    show("Where to look")
    print(f"""  REST API     {demo.url}/openapi.yaml
  command line export XDG_CONFIG_HOME={demo.folder}/config PATH={demo.bin}:$PATH
               hivecast status; hivecast logs -f; hivecast exec drone-1 uptime
  files        {demo.folder}
Ctrl-C ends the demo and removes everything.""", flush=True)
    signal.pause()


def main():
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__.split("\n")[0])
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help="end by itself")
    parser.add_argument("--agents", type=int, default=4, help="size of the swarm (default 4)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    demo = Demo(arguments.bin, arguments.agents)
    try:
        play(demo, arguments.once)
    except KeyboardInterrupt:
        print("\nending the demo")
    except (RuntimeError, subprocess.CalledProcessError) as e:
        print(f"demo: {e}", file=sys.stderr)
        return 1
    finally:
        demo.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
