# SPDX-License-Identifier: Apache-2.0
"""test_api_server as a Python object: started with a folder of its own, asked, told what agents do."""
import json
import os
import pathlib
import subprocess
import time

import requests

PROGRAM = pathlib.Path(os.environ["HIVECAST_PRESET_DIR"]) / "tests" / "test_api_server"
ROOT = pathlib.Path(__file__).resolve().parents[3]
PATIENCE = float(os.environ.get("HIVECAST_PATIENCE", "60"))
KEYS = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y"  # with two more characters, a key in Z85


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return value


class Api:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data, self.source = self.folder / "data", self.folder / "source"
        self.data.mkdir()
        self.source.mkdir()
        support = ROOT / "tests" / "support"
        environment = dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=16",  # or memory that was freed counts
                           TSAN_OPTIONS=f"suppressions={support / 'tsan.supp'}",
                           LSAN_OPTIONS=f"suppressions={support / 'lsan.supp'}")
        self.process = subprocess.Popen([PROGRAM, self.data, self.source], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.token = (self.data / "admin.token").read_text().strip()
        self.url = f"http://127.0.0.1:{self.port}"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {self.token}"
        self.count = 0

    def call(self, method, path, expect=None, **kwargs):
        response = self.session.request(method, self.url + path, timeout=PATIENCE, **kwargs)
        assert expect is None or response.status_code == expect, f"{response.status_code} {response.text[:500]}"
        return response

    def get(self, path, **query):
        return self.call("GET", path, 200, params=query).json()

    def step(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == "ok", answer

    def register(self, target, **fields):
        self.count += 1
        name = f"for-{target}"
        tokens = self.call("POST", "/token_sets", 201, json={"name": name, "total": 1}).json()["tokens"]
        key = f"{KEYS}{self.count:02d}"
        return requests.post(self.url + "/rpc/targets", headers={"X-Auth-Token": tokens[0]}, timeout=PATIENCE,
                             json={"id": target, "publicKey": key, **fields})

    def connect(self, target, tags="lab"):
        assert self.register(target, tags=tags.split(",")).status_code == 201
        self.step("connect", target, tags)

    def deploy(self, **fields):
        document = {"deploy": {"run": {"commands": ["true"]}, "target": {"tags": ["lab"]}}, **fields}
        return self.call("POST", "/tasks", 201, json=document).json()["id"]

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def stop(self):
        """Ends with its input; answers how many seconds it took."""
        begin = time.monotonic()
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
        self.process.stdout.close()
        self.session.close()
        return time.monotonic() - begin


def problem(response, status, field=None):
    assert response.status_code == status, f"{response.status_code} {response.text[:500]}"
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status and body["type"].startswith("urn:hivecast:problem:")
    assert {"title", "detail", "code"} <= set(body)
    assert body.get("field") == field, body
    return body
