# SPDX-License-Identifier: Apache-2.0
"""Bad requests: each gets a clear error, the next valid request works, memory does not grow."""
import base64
import contextlib
import json
import socket

import harness
import pytest
import requests
import zmq

DEPLOY = {"run": {"commands": ["true"]}, "target": {"tags": ["swarm"]}}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    (source / "inside").write_text("x")
    with harness.swarm("--source-dir", str(source), agents=1) as s:
        (source / "link").symlink_to("/etc")
        yield s


@pytest.fixture(autouse=True)
def the_next_valid_request_works(world):
    yield
    assert world.manager.get("/health")["status"] == "ok"
    assert world.manager.get("/targets/drone-1")["online"]


def problem(response, status, *words):
    """A problem document with this status that names every word."""
    assert response.status_code == status, f"{response.status_code} {response.text[:500]}"
    assert response.headers["Content-Type"].startswith("application/problem+json")
    body = response.json()
    assert body["status"] == status and body["title"] and body["detail"] and body["type"]
    for word in words:
        assert word in json.dumps(body), body
    return body


def post(world, body, content_type="application/json"):
    return world.manager.session.post(world.manager.url + "/tasks", data=body, timeout=60,
                                      headers={"Content-Type": content_type})


@pytest.mark.parametrize("body, content_type", [
    ("{", "application/json"), ("", "application/json"), ("[]", "application/json"), ("null", "application/json"),
    ('{"deploy": }', "application/json"), ('{"a":1}x', "application/json"), ("\xff\xfe", "application/json"),
    ("deploy: [", "application/yaml"), ("- a\n- b\n", "application/yaml"), ("a: &x [*x]\n", "application/yaml"),
    ("\tdeploy: 1", "application/yaml"),
])
def test_malformed_documents(world, body, content_type):
    problem(post(world, body.encode("latin-1"), content_type), 400)


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}")])
def test_deep_nesting(world, opening, closing):
    problem(post(world, opening * 100_000 + closing * 100_000), 400)
    problem(post(world, "deploy: " + "[" * 5000 + "]" * 5000, "application/yaml"), 400)


@pytest.mark.parametrize("change, field", [
    ({"surprise": 1}, "surprise"),
    ({"deploy": {**DEPLOY, "run": {"commands": ["true"], "autorestart": True}}}, "autorestart"),
    ({"deploy": {**DEPLOY, "run": {"commands": "true"}}}, "deploy.run.commands"),
    ({"deploy": {**DEPLOY, "run": {"commands": [1]}}}, "deploy.run.commands"),
    ({"deploy": {**DEPLOY, "run": {"commands": [""]}}}, "deploy.run.commands"),
    ({"deploy": {**DEPLOY, "run": {"commands": ["x" * 10_000]}}}, "deploy.run.commands"),
    ({"deploy": {**DEPLOY, "run": {"commands": ["x"] * 100}}}, "deploy.run.commands"),
    ({"deploy": {"target": DEPLOY["target"]}}, "deploy"),
    ({"deploy": {"run": DEPLOY["run"]}}, "target"),
    ({"deploy": {**DEPLOY, "target": {}}}, "target"),
    ({"deploy": {**DEPLOY, "target": {"ids": ["nobody"]}}}, "target"),
    ({"deploy": {**DEPLOY, "target": {"tags": ["nobody"]}}}, "target"),
    ({"deploy": {**DEPLOY, "target": {"ids": ["../x"]}}}, "target"),
    ({"deploy": {**DEPLOY, "app": "../../etc"}}, "app"),
    ({"deploy": {**DEPLOY, "app": ".."}}, "app"),
    ({"debug": "yes"}, "debug"),
    ({"description": 5}, "description"),
    ({"description": "x" * 5000}, "description"),
    ({"source": {}}, "source"),
    ({"source": {"zip": "!!!"}}, "source.zip"),
    ({"source": {"zip": base64.b64encode(b"no zip at all").decode()}}, "source.zip"),
    ({"source": {"zip": "", "paths": ["a"]}}, "source"),
    ({"source": {"paths": ["/etc/passwd"]}}, "source.paths"),
    ({"source": {"paths": ["../secret"]}}, "source.paths"),
    ({"source": {"paths": ["inside/../../x"]}}, "source.paths"),
    ({"source": {"paths": ["link/passwd"]}}, "source.paths"),
    ({"source": {"paths": ["missing"]}}, "source.paths"),
    ({"source": {"paths": []}}, "source.paths"),
    ({"source": {"upload": "0" * 32}}, "source.upload"),
    ({"source": {"upload": "../../etc/passwd"}}, "source.upload"),
    ({"source": {"task": "no-such-task"}}, "source.task"),
])
def test_wrong_fields_are_named(world, change, field):
    response = post(world, json.dumps({"deploy": DEPLOY, **change}))
    assert 400 <= response.status_code < 500
    problem(response, response.status_code, field)


def test_100_mb_of_nothing(world):
    def nothing():
        for _ in range(100):
            yield b" " * 1_000_000
    with world.manager.grows_at_most(64, peak=True):
        for body in (nothing(), b" " * 100_000_000):
            with contextlib.suppress(requests.ConnectionError):  # refused before the answer could be read
                problem(post(world, body), 413)


@pytest.mark.parametrize("method, path", [
    ("GET", "/targets/nobody"), ("PUT", "/targets/nobody"), ("DELETE", "/targets/nobody"),
    ("PUT", "/targets/nobody/stop"), ("PUT", "/targets/nobody/logs"), ("PUT", "/targets/nobody/command"),
    ("DELETE", "/targets/nobody/command"), ("GET", "/tasks/no-task"), ("GET", "/tasks/no-task/targets"),
    ("PUT", "/tasks/no-task/stop"), ("DELETE", "/tasks/no-task"), ("GET", "/token_sets/nothing"),
    ("DELETE", "/token_sets/nothing"), ("GET", "/no/such/path"), ("GET", "/"),
])
def test_unknown_ids(world, method, path):
    bodies = {"/targets/nobody": {"tags": []}, "/targets/nobody/command": {"command": "true"}}
    body = bodies.get(path) if method == "PUT" else None
    problem(world.manager.session.request(method, world.manager.url + path, json=body, timeout=60), 404)


def test_wrong_methods(world):
    response = world.manager.session.delete(world.manager.url + "/targets", timeout=60)
    problem(response, 405)
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("headers", [
    {}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"},
    {"Authorization": "Bearer " + "x" * 8000},
])
def test_missing_and_wrong_tokens(world, headers):
    for method, path in (("GET", "/targets"), ("POST", "/tasks"), ("POST", "/uploads"), ("GET", "/events"),
                         ("DELETE", "/targets/drone-1"), ("GET", "/logs"), ("POST", "/token_sets")):
        problem(requests.request(method, world.manager.url + path, headers=headers, timeout=60), 401)


def raw_request(world, target):
    with socket.create_connection(("127.0.0.1", world.manager.http_port), 30) as s:
        s.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.manager.token}\r\n"
                  "Connection: close\r\n\r\n".encode("latin-1"))
        data = b""
        while piece := s.recv(65536):
            data += piece
    return data


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e", "a%00b", "%ff%fe",
                                  "drone-1%2f..", "....//", "%5c..%5c", "a" * 5000])
@pytest.mark.parametrize("path", ["/targets/{}", "/tasks/{}", "/tasks/{}/targets", "/token_sets/{}", "/{}"])
def test_traversal_in_every_path(world, path, name):
    answer = raw_request(world, path.format(name))
    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status < 500, answer[:300]
    assert b"root:" not in answer


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "perPage=0", "perPage=1001", "perPage=1e9", "sort=nothing",
                                   "online=maybe", "surprise=1"])
def test_wrong_query_parameters(world, query):
    problem(world.manager.session.get(f"{world.manager.url}/targets?{query}", timeout=60), 400, query.split("=")[0])


@pytest.mark.parametrize("query", ["text=%22", "text=%28%29", "from=yesterday", "to=x", "stage=cooking", "error=perhaps"])
def test_wrong_log_queries(world, query):
    problem(world.manager.session.get(f"{world.manager.url}/logs?{query}", timeout=60), 400, query.split("=")[0])


@pytest.mark.parametrize("document, field", [
    ({"name": "a/b", "total": 1}, "name"), ({"name": "x", "total": 0}, "total"), ({"name": "x", "total": 10**9}, "total"),
    ({"name": "x"}, "total"), ({"total": 1}, "name"), ({"name": "x", "total": "1"}, "total"),
])
def test_wrong_token_sets(world, document, field):
    problem(world.manager.session.post(world.manager.url + "/token_sets", json=document, timeout=60), 400, field)


def test_taken_token_set_name(world):
    world.manager.tokens(1, "taken")
    problem(world.manager.session.post(world.manager.url + "/token_sets", json={"name": "taken", "total": 1},
                                       timeout=60), 409)


def test_guessing_tokens_is_throttled(world):
    def guess(n):
        return requests.post(world.manager.url + "/rpc/targets", headers={"X-Auth-Token": f"{n:04x}-0000-0000"},
                             json={"id": "x", "publicKey": "0" * 40}, timeout=60).status_code
    statuses = [guess(n) for n in range(60)]
    assert set(statuses) <= {401, 429} and statuses.count(401) <= 40 and 429 in statuses


def test_a_command_for_an_offline_target(world):
    harness.wait_for(lambda: requests.post(
        world.manager.url + "/rpc/targets", headers={"X-Auth-Token": world.manager.tokens(1)[0]}, timeout=60,
        json={"id": "sleeper", "publicKey": zmq.curve_keypair()[0].decode()}).status_code == 201,
        "the throttle of the guesses to let a right token pass")
    for path in ("command", "logs"):
        response = world.manager.session.put(f"{world.manager.url}/targets/sleeper/{path}", timeout=60,
                                             json={"command": "true"} if path == "command" else {})
        problem(response, 503, "sleeper")


def test_slow_and_silent_http_clients_do_not_block_others(world):
    silent = [socket.create_connection(("127.0.0.1", world.manager.http_port), 30) for _ in range(50)]
    for s in silent[:25]:
        s.sendall(b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    for _ in range(20):
        assert world.manager.get("/health")["status"] == "ok"
    for s in silent:
        s.close()
