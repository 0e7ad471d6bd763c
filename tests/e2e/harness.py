# SPDX-License-Identifier: Apache-2.0
"""Real managers, agents and CLI calls for the end-to-end tests: started, killed, asked and cleaned up.

Everything lives below one temporary folder; ports are chosen once so that a restarted manager is found
again. A sanitizer report of any process fails the test that started it."""
import base64
import contextlib
import io
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zipfile

import requests

BIN = pathlib.Path(os.environ["HIVECAST_BIN"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
# Generous: sanitizer builds on a busy machine. Reaching it is a failure, never a way to pass.
PATIENCE = float(os.environ.get("HIVECAST_PATIENCE", "60"))
SANITIZED = bool(os.environ.get("HIVECAST_SANITIZE"))
FINAL = {"succeeded", "rejected", "failed", "stopped", "timed-out"}


def wait_for(condition, what, timeout=None):
    """The first true value of condition(), asked again and again."""
    deadline = time.monotonic() + (timeout or PATIENCE)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


# Below the range of outgoing connections, one of which could take the port of a manager that is being restarted;
# tests that run at the same time have other process ids and so other ports.
PORTS = itertools.cycle(range(10000 + os.getpid() % 500 * 40, 10000 + os.getpid() % 500 * 40 + 40))


def free_port():
    for port in itertools.islice(PORTS, 40):
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def zip_of(files):
    """A zip archive with {name: text or bytes}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in files.items():
            z.writestr(name, content)
    return out.getvalue()


def inline(files):
    return {"zip": base64.b64encode(zip_of(files)).decode()}


def sanitizer_options(reports):
    """The environment that makes a sanitizer write its findings to files that begin with reports, and exit with 99."""
    options = f"log_path={reports}:exitcode=99"
    suppressions = ROOT / "tests" / "support"
    return {"ASAN_OPTIONS": options + ":detect_leaks=1", "UBSAN_OPTIONS": options + ":print_stacktrace=1",
            "LSAN_OPTIONS": f"suppressions={suppressions / 'lsan.supp'}:print_suppressions=0",
            "TSAN_OPTIONS": f"{options}:suppressions={suppressions / 'tsan.supp'}:halt_on_error=0"}


def check_reports(folder):
    """Fails when a program that ran with folder/NAME.sanitizer as its reports left one."""
    for report in pathlib.Path(folder).glob("*.sanitizer*"):
        text = report.read_text(errors="replace")
        if text.strip():
            raise AssertionError(f"{report.name}: {text[:6000]}")


class Process:
    """One program of ours: log in a file, sanitizer reports beside it."""

    def __init__(self, folder, name):
        self.folder, self.name = pathlib.Path(folder), name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_path = self.folder / f"{name}.log"
        self.reports = self.folder / f"{name}.sanitizer"
        self.process = None

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("HIVECAST_")}
        env.update(sanitizer_options(self.reports))
        return env

    def spawn(self, *command, **kwargs):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment(), start_new_session=True, **kwargs)

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def kill(self):
        """Power cut: SIGKILL."""
        if self.is_running():
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self, timeout=None):
        """SIGTERM; answers the exit status."""
        if self.is_running():
            self.process.terminate()
        try:
            return self.process.wait(timeout or PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.name} did not end after SIGTERM:\n{self.log()[-3000:]}")

    def rss_kib(self, peak=False):
        field = "VmHWM" if peak else "VmRSS"
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1])
        raise AssertionError(f"{self.name} has no {field}")

    @contextlib.contextmanager
    def grows_at_most(self, mib, peak=False):
        """Its memory after the block, or the peak of it, against what it was before. Asked of builds without
        sanitizer only: those keep freed memory aside and a shadow of all of it, so the number says nothing there."""
        before = self.rss_kib(peak)
        yield
        grown = self.rss_kib(peak) - before
        assert SANITIZED or grown < mib * 1024, f"{self.name} grew by {grown} KiB"


class Manager(Process):
    def __init__(self, folder, *options):
        super().__init__(folder, "manager")
        self.data = self.folder / "manager"
        self.ready_file = self.folder / "manager.ready"
        self.options = list(options)
        self.http_port, self.control_port, self.bulk_port = free_port(), free_port(), free_port()
        self.session = requests.Session()

    def start(self):
        self.ready_file.unlink(missing_ok=True)
        self.spawn(BIN / "hivecast-manager", "--data-dir", self.data, "--http", f"127.0.0.1:{self.http_port}",
                   "--control", f"tcp://127.0.0.1:{self.control_port}",
                   "--bulk", f"tcp://127.0.0.1:{self.bulk_port}", "--ready-file", self.ready_file,
                   "--heartbeat", "1", "--log-level", "debug", *self.options)
        wait_for(lambda: self.ready_file.exists() or not self.is_running(), "the manager to be ready")
        assert self.is_running(), f"the manager ended:\n{self.log()[-3000:]}"
        self.ready = json.loads(self.ready_file.read_text())
        self.url = self.ready["http"]
        self.token = (self.data / "admin.token").read_text().strip()
        self.session.headers["Authorization"] = f"Bearer {self.token}"
        return self

    def restart(self):
        self.kill()
        return self.start()

    def call(self, method, path, expect=None, **kwargs):
        """The response, with its status checked: expect, or any 2xx."""
        response = self.session.request(method, self.url + path, timeout=PATIENCE, **kwargs)
        if expect is None:
            assert response.ok, f"{method} {path}: {response.status_code} {response.text[:2000]}"
        else:
            assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text[:2000]}"
        return response

    def get(self, path, **params):
        return self.call("GET", path, params=params).json()

    def tokens(self, total, name=None):
        name = name or f"set-{time.monotonic_ns()}"
        return self.call("POST", "/token_sets", json={"name": name, "total": total}).json()["tokens"]

    def upload(self, archive, name="package.zip"):
        return self.call("POST", "/uploads", files={"file": (name, archive)}).json()["id"]

    def deploy(self, document):
        """The id of the posted task."""
        return self.call("POST", "/tasks", expect=201, json=document).json()["id"]

    def rows(self, task, **filters):
        return {row["target"]: row for row in
                self.get(f"/tasks/{task}/targets", perPage=1000, **filters)["items"]}

    def wait_final(self, task, state=None, timeout=None):
        """Rows of the task once all are final; all in the given state, if one is given."""
        def final():
            rows = self.rows(task)
            return rows if rows and all(r["state"] in FINAL for r in rows.values()) else None
        try:
            rows = wait_for(final, f"{task} to be final", timeout)
        except AssertionError as e:
            raise AssertionError(f"{e}: {self.rows(task)}\n{self.log()[-2000:]}\n" + "\n".join(
                p.read_text()[-1500:] for p in self.folder.glob("*.log") if p != self.log_path)) from None
        if state:
            assert {r["state"] for r in rows.values()} == {state}, rows
        return rows

    def logs(self, **filters):
        return self.get("/logs", perPage=1000, **filters)["items"]

    def output(self, **filters):
        """What commands printed, in the order of time; no events."""
        items = self.logs(sort="time", **filters)
        return [i["output"] for i in items if not i.get("event")]


class Agent(Process):
    def __init__(self, folder, manager, target, *options):
        super().__init__(folder, target)
        self.manager, self.id = manager, target
        self.data = self.folder / target
        self.options = list(options)

    def join(self, tags=(), token=None, location=None):
        command = [BIN / "hivecast-agent", "join", self.manager.url, "--token",
                   token or self.manager.tokens(1)[0], "--id", self.id, "--data-dir", self.data]
        if tags:
            command += ["--tags", ",".join(tags)]
        if location:
            command += ["--location", location]
        done = subprocess.run([str(c) for c in command], env=self.environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return self

    def start(self, wait=True):
        self.spawn(BIN / "hivecast-agent", "run", "--data-dir", self.data, "--log-level", "debug", *self.options)
        if wait:
            self.wait_online()
        return self

    def restart(self, wait=True):
        self.kill()
        return self.start(wait)

    def is_online(self):
        return self.manager.get(f"/targets/{self.id}")["online"]

    def wait_online(self, online=True):
        try:
            wait_for(lambda: self.is_online() == online, f"{self.id} to be {'on' if online else 'off'}line")
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.log()[-3000:]}\n--- manager\n{self.manager.log()[-2000:]}") from None
        return self

    def app_dir(self, app="default"):
        return self.data / "apps" / app

    def current(self, app="default"):
        """The release tree that is active, or None."""
        link = self.app_dir(app) / "current"
        return link.resolve() if link.is_symlink() else None


class Swarm:
    """A manager and agents in one folder."""

    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        self.manager = Manager(self.folder, *options)
        self.agents = []

    def add(self, count=1, tags=("swarm",), prefix="drone", start=True, options=()):
        """Joins and starts count agents; answers them."""
        tokens = self.manager.tokens(count)
        first = len(self.agents) + 1
        new = [Agent(self.folder, self.manager, f"{prefix}-{first + i}", *options).join(tags, tokens[i])
               for i in range(count)]
        self.agents += new
        if start:
            for agent in new:
                agent.start(wait=False)
            for agent in new:
                agent.wait_online()
        return new

    def close(self):
        processes = [*self.agents, self.manager]
        statuses = {p.name: p.stop() for p in processes if p.is_running()}
        for folder in {p.folder for p in processes}:
            check_reports(folder)
        # -SIGTERM: it had only just been started.
        assert set(statuses.values()) <= {0, -signal.SIGTERM}, f"ended by SIGTERM with {statuses}"


@contextlib.contextmanager
def swarm(*options, agents=0, **kwargs):
    folder = tempfile.mkdtemp(prefix="hivecast-")
    s = Swarm(folder, *options)
    try:
        s.manager.start()
        if agents:
            s.add(agents, **kwargs)
        yield s
    finally:
        s.close()
        kill_leftovers(folder)
        shutil.rmtree(folder, ignore_errors=True)


def kill_leftovers(folder):
    """Processes that still work below folder, were there any; a failing test must not disturb the next."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(entry / "cwd").startswith(folder):
                    os.kill(int(entry.name), signal.SIGKILL)


def cli_environment(manager):
    return dict(os.environ, HIVECAST_URL=manager.url, HIVECAST_TOKEN=manager.token, NO_COLOR="1",
                **sanitizer_options(manager.folder / "cli.sanitizer"))


def cli(manager, *arguments, expect=0, **kwargs):
    """Runs the hivecast command against a manager; answers (stdout, stderr)."""
    env = cli_environment(manager)
    done = subprocess.run([str(BIN / "hivecast"), *map(str, arguments)], env=env, capture_output=True, text=True,
                          timeout=PATIENCE * 2, stdin=subprocess.DEVNULL, **kwargs)
    assert expect is None or done.returncode == expect, \
        f"hivecast {arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr
