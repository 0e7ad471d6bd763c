# SPDX-License-Identifier: Apache-2.0
"""Every resource over real HTTP, on a core with a memory store; and requests of the other kind."""
import base64
import io
import socket
import threading
import zipfile

import pytest
import requests
from api_client import PATIENCE, problem, wait_for


def raw(api, request, timeout=PATIENCE):
    """Sends bytes, answers everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", api.port), timeout) as s:
        s.sendall(request)
        data = b""
        while piece := s.recv(65536):
            data += piece
        return data


def zip_of(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, content in files.items():
            z.writestr(name, content)
    return out.getvalue()


def test_a_target_registers_with_a_token_once(api):
    location = {"latitude": 45.5, "longitude": 7.25}
    response = api.register("drone-1", tags=["north"], location=location, architecture="x86_64", os="linux")
    assert response.status_code == 201, response.text
    body = response.json()
    assert body["tags"] == ["linux", "north", "x86_64"]
    assert body["control"] == "tcp://127.0.0.1:5557" and body["bulk"] == "tcp://127.0.0.1:5558"
    assert len(body["managerPublicKey"]) == 40
    target = api.get("/targets/drone-1")
    assert target["location"] == location and target["online"] is False and target["tasks"] == []
    assert "lastSeen" not in target
    assert {k: v for k, v in body.items() if k not in ("id", "tags")} == requests.get(api.url + "/rpc/server_info").json()
    problem(requests.post(api.url + "/rpc/targets", json={"id": "x", "publicKey": "0" * 40}), 401)
    assert api.get("/token_sets/for-drone-1")["available"] == 0


def test_a_taken_id_does_not_use_up_the_token(api):
    assert api.register("drone-1").status_code == 201
    tokens = api.call("POST", "/token_sets", 201, json={"name": "second", "total": 1}).json()["tokens"]
    again = requests.post(api.url + "/rpc/targets", headers={"X-Auth-Token": tokens[0]},
                          json={"id": "drone-1", "publicKey": "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yff"})
    problem(again, 409)
    assert api.get("/token_sets/second")["available"] == 1


def test_wrong_registrations_name_the_field(api):
    def post(**fields):
        return requests.post(api.url + "/rpc/targets", headers={"X-Auth-Token": "0000-0000-0000"}, json=fields)
    problem(post(publicKey="0" * 40), 400, "id")
    problem(post(id="a/b", publicKey="0" * 40), 400, "id")
    problem(post(id="a", publicKey="short"), 400, "publicKey")
    problem(post(id="a", publicKey="0" * 40, location={"latitude": 91, "longitude": 0}), 400, "location.latitude")
    problem(post(id="a", publicKey="0" * 40, secret=1), 400, "secret")
    problem(post(id="a", publicKey="0" * 40), 401)


def test_targets_are_listed_by_filter_order_and_page(api):
    for name, tags in (("a-1", "red,small"), ("a-2", "red"), ("b-1", "blue")):
        api.connect(name, tags)
    assert [t["id"] for t in api.get("/targets", sort="-id")["items"]] == ["b-1", "a-2", "a-1"]
    assert [t["id"] for t in api.get("/targets", tags="red,small")["items"]] == ["a-1"]
    assert api.get("/targets", id="a-")["total"] == 2
    assert api.get("/targets", online="false")["total"] == 0
    page = api.get("/targets", page=2, perPage=2)
    assert (page["total"], page["page"], page["perPage"], [t["id"] for t in page["items"]]) == (3, 2, 2, ["b-1"])
    for query in ("page=0", "perPage=1001", "perPage=x", "sort=colour", "online=maybe", "tags=a,,/", "colour=red"):
        problem(api.call("GET", f"/targets?{query}"), 400, query.split("=")[0])
    problem(api.call("GET", "/targets?id=a&id=b"), 400, "id")
    problem(api.call("GET", "/targets/a-1?verbose=1"), 400, "verbose")


def test_tags_and_location_of_a_target_are_replaced(api):
    api.connect("drone-1", "lab")
    changed = api.call("PUT", "/targets/drone-1", 200, json={"tags": ["north"], "location": {"latitude": 1, "longitude": 2}})
    assert changed.json()["tags"] == ["north"] and changed.json()["location"]["longitude"] == 2
    assert "location" not in api.call("PUT", "/targets/drone-1", 200, json={"location": None}).json()
    assert api.get("/targets/drone-1")["tags"] == ["north"]
    problem(api.call("PUT", "/targets/drone-1", json={"tags": "north"}), 400, "tags")
    problem(api.call("PUT", "/targets/drone-1", json={"tag": []}), 400, "tag")
    problem(api.call("PUT", "/targets/nobody", json={}), 404)


def test_tags_of_many_targets_change_with_a_result_for_each(api):
    for i in range(3):
        api.connect(f"drone-{i}", "lab")
    body = api.call("PATCH", "/targets", 200, json={"ids": ["drone-0", "nobody"], "addTags": ["x"], "removeTags": ["lab"]}).json()
    assert (body["total"], body["updated"], body["failed"]) == (2, 1, 1)
    assert body["items"][0] == {"id": "drone-0", "code": "ok", "tags": ["x"]}
    assert body["items"][1]["code"] == "not-found"
    body = api.call("PATCH", "/targets", 200, json={"tags": ["lab"], "addTags": ["y"]}).json()
    assert [item["id"] for item in body["items"]] == ["drone-1", "drone-2"]
    problem(api.call("PATCH", "/targets", json={"addTags": ["y"]}), 400, "ids")
    problem(api.call("PATCH", "/targets", json={"ids": ["a"], "tags": ["b"], "addTags": ["y"]}), 400, "ids")
    problem(api.call("PATCH", "/targets", json={"ids": ["a"]}), 400, "addTags")


def test_a_removed_target_is_gone(api):
    api.connect("drone-1")
    assert api.call("DELETE", "/targets/drone-1", 204).content == b""
    problem(api.call("GET", "/targets/drone-1"), 404)
    problem(api.call("DELETE", "/targets/drone-1"), 404)


def test_wishes_reach_targets_that_are_online(api):
    api.connect("drone-1")
    assert api.register("sleeper").status_code == 201
    api.call("PUT", "/targets/drone-1/command", 202, json={"command": "uptime"})
    api.call("DELETE", "/targets/drone-1/command", 202)
    api.call("PUT", "/targets/drone-1/logs", 202)
    api.call("PUT", "/targets/drone-1/logs", 202, json={"task": "brave-otter"})
    api.call("PUT", "/targets/sleeper/stop", 202)
    for method, path, body in (("PUT", "command", {"command": "x"}), ("DELETE", "command", None), ("PUT", "logs", None)):
        assert "sleeper" in problem(api.call(method, f"/targets/sleeper/{path}", json=body), 503)["detail"]
    problem(api.call("PUT", "/targets/drone-1/command", json={"command": ""}), 400, "command")
    problem(api.call("PUT", "/targets/drone-1/command"), 400, "body")
    problem(api.call("PUT", "/targets/nobody/stop"), 404)


def test_a_task_is_posted_followed_stopped_and_deleted(api):
    api.connect("drone-1")
    response = api.call("POST", "/tasks", 201, data="deploy: {run: {commands: ['true']}, target: {tags: [lab]}}",
                        headers={"Content-Type": "application/yaml"})
    task = response.json()
    assert response.headers["Location"] == f"/tasks/{task['id']}"
    assert task["document"]["deploy"]["run"]["commands"] == ["true"] and task["counts"]["total"] == 1
    api.step("acknowledge", "drone-1", task["id"], "accepted", "none")
    assert api.get(f"/tasks/{task['id']}")["counts"] == {"total": 1, "states": {"accepted": 1}, "runs": {}}
    problem(api.call("DELETE", f"/tasks/{task['id']}"), 409)
    for state in ("installing", "activating", "succeeded"):
        api.step("acknowledge", "drone-1", task["id"], state, "up" if state == "succeeded" else "none")
    row = api.get(f"/tasks/{task['id']}/targets", state="succeeded")["items"][0]
    assert (row["target"], row["state"], row["runState"]) == ("drone-1", "succeeded", "up")
    assert api.get("/targets/drone-1")["tasks"][0]["task"] == task["id"]
    api.call("PUT", f"/tasks/{task['id']}/stop", 202)
    api.call("PUT", f"/tasks/{task['id']}/stop", 202)
    assert api.get(f"/tasks/{task['id']}")["stopped"] is True
    problem(api.call("DELETE", f"/tasks/{task['id']}"), 409)
    for path in ("", "/targets"):
        problem(api.call("GET", f"/tasks/no-task{path}"), 404)
    problem(api.call("PUT", "/tasks/no-task/stop"), 404)
    api.call("DELETE", "/targets/drone-1", 204)
    api.call("DELETE", f"/tasks/{task['id']}", 204)
    problem(api.call("GET", f"/tasks/{task['id']}"), 404)


def test_tasks_are_listed_newest_first(api):
    api.connect("drone-1")
    first, second = api.deploy(description="Count to three"), api.deploy(description="say hello")
    assert [t["id"] for t in api.get("/tasks")["items"]] == [second, first]
    assert [t["id"] for t in api.get("/tasks", description="COUNT")["items"]] == [first]
    assert api.get("/tasks", state="failed")["total"] == 0
    assert all(t["counts"]["total"] == 1 for t in api.get("/tasks")["items"])
    problem(api.call("GET", "/tasks?state=broken"), 400, "state")


def test_a_task_for_nobody_is_refused(api):
    document = {"deploy": {"run": {"commands": ["true"]}, "target": {"tags": ["nobody"]}}}
    problem(api.call("POST", "/tasks", json=document), 400, "deploy.target")
    assert api.get("/tasks")["total"] == 0


def test_sources_become_packages(api):
    api.connect("drone-1")
    archive = zip_of(hello="world")
    inline = api.deploy(source={"zip": base64.b64encode(archive).decode()})
    task = api.get(f"/tasks/{inline}")
    assert task["package"]["contentSize"] == 5 and task["document"]["source"]["zip"] == len(archive)
    (api.source / "package").mkdir()
    (api.source / "package" / "file").write_text("x" * 1000)
    assert api.get(f"/tasks/{api.deploy(source={'paths': ['package']})}")["package"]["contentSize"] == 1000
    upload = api.call("POST", "/uploads", 201, files={"file": ("a.zip", archive)}).json()
    assert upload["size"] == len(archive) and (api.data / "uploads" / upload["id"]).read_bytes() == archive
    assert api.get(f"/tasks/{api.deploy(source={'upload': upload['id']})}")["package"]["entryCount"] == 1


def test_bad_sources_are_named_and_leave_nothing(api):
    api.connect("drone-1")

    def post(**source):
        document = {"source": source, "deploy": {"run": {"commands": ["true"]}, "target": {"tags": ["lab"]}}}
        return api.call("POST", "/tasks", json=document)
    problem(post(zip=base64.b64encode(b"no archive").decode()), 400, "source.zip")
    escape = base64.b64encode(zip_of(**{"../escape": "x"})).decode()
    problem(post(zip=escape), 400, "source.zip")
    problem(post(paths=["missing"]), 404, "source.paths")
    (api.source / "link").symlink_to("/etc")
    assert post(paths=["link/passwd"]).status_code in (400, 404)
    problem(post(upload="0" * 32), 404, "source.upload")
    problem(post(task="no-task"), 404, "source.task")
    problem(post(task=api.deploy()), 409, "source.task")
    assert api.get("/tasks")["total"] == 1
    assert [p for p in (api.data / "packages").rglob("*") if p.is_file()] == []


def test_uploads_are_limited_and_leave_nothing_when_refused(api):
    large = {"file": ("a.tar", b"x" * (9 << 20))}
    problem(api.call("POST", "/uploads", files=large), 413, "file")
    problem(api.call("POST", "/uploads", data={"file": "no file name"}, files={}), 415)
    with pytest.raises(requests.ConnectionError):  # ulfius hangs up when there is no boundary
        api.call("POST", "/uploads", data=b"x", headers={"Content-Type": "multipart/form-data"})
    form = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    kind = {"Content-Type": "multipart/form-data; boundary=limit"}
    problem(api.call("POST", "/uploads", data=b"--limit\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n--limit--\r\n",
                     headers=kind), 400, "file")
    problem(requests.post(api.url + "/uploads", files={"file": ("a", b"x")}), 401)
    api.call("POST", "/uploads", 201, data=form + b"\r\n--limit--\r\n", headers=kind)
    assert len(list((api.data / "uploads").iterdir())) == 1


def test_an_upload_that_breaks_off_leaves_nothing(api):
    head = (f"POST /uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=limit\r\n\r\n"
            '--limit\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc')
    with socket.create_connection(("127.0.0.1", api.port)) as s:
        s.sendall(head.encode() + b"x" * 100000)
        wait_for(lambda: any((api.data / "uploads").iterdir()), "the beginning of the upload")
    wait_for(lambda: not any((api.data / "uploads").iterdir()), "its end")


def test_logs_are_found_as_json_and_as_text(api):
    api.connect("drone-1")
    task = api.deploy()
    for i in range(3):
        api.step("log", "drone-1", task, "run", f"number {i}")
    api.step("log", "drone-1", task, "install", "other words")
    found = api.get("/logs", text="number", target="drone-1", task=task, stage="run", sort="received", perPage=2)
    assert found["total"] == 3 and [line["output"] for line in found["items"]] == ["number 0", "number 1"]
    line = found["items"][0]
    assert line["time"] == "2023-11-14T22:13:20.000Z" and line["command"] == "./count" and line["error"] is False
    assert api.get("/logs", **{"from": "2023-11-14T22:13:21Z"})["total"] == 0
    text = api.call("GET", "/logs", 200, params={"text": '"number 1"'}, headers={"Accept": "text/plain"})
    assert text.text == f"2023-11-14T22:13:20.000Z drone-1 {task} run [./count] number 1\n"
    assert text.headers["X-Total-Count"] == "1" and text.headers["Content-Type"].startswith("text/plain")
    for query in ("stage=cooking", "error=perhaps", "from=yesterday", "to=1", "sort=x", "text=%22", "target=a/b"):
        problem(api.call("GET", f"/logs?{query}"), 400, query.split("=")[0])


def test_token_sets_are_made_listed_and_deleted(api):
    made = api.call("POST", "/token_sets", 201, json={"name": "lab", "total": 3})
    assert len(set(made.json()["tokens"])) == 3 and made.headers["Location"] == "/token_sets/lab"
    assert "tokens" not in api.get("/token_sets/lab") and api.get("/token_sets")["total"] == 1
    problem(api.call("POST", "/token_sets", json={"name": "lab", "total": 1}), 409)
    for document, field in (({"name": "x", "total": 0}, "total"), ({"name": "x", "total": 10**9}, "total"),
                            ({"name": "x", "total": "1"}, "total"), ({"name": "../x", "total": 1}, "name"), ({"total": 1}, "name")):
        problem(api.call("POST", "/token_sets", json=document), 400, field)
    api.call("DELETE", "/token_sets/lab", 204)
    problem(api.call("GET", "/token_sets/lab"), 404)
    problem(api.call("DELETE", "/token_sets/lab"), 404)


def test_headers_and_methods(api):
    health = requests.get(api.url + "/health")
    assert health.json() == {"status": "ok", "version": "test", "targets": 0, "online": 0}
    assert health.headers["Cache-Control"] == "no-store" and health.headers["X-Content-Type-Options"] == "nosniff"
    head = api.call("HEAD", "/targets", 200)
    assert head.content == b"" and int(head.headers["Content-Length"]) > 0
    response = api.call("POST", "/health")
    problem(response, 405)
    assert response.headers["Allow"] == "GET, HEAD"
    for path in ("/", "/gui", "/targets/", "/nothing"):
        problem(api.call("GET", path), 404)


def test_nothing_happens_without_the_token(api):
    for value in (None, "", "Bearer", "Bearer ", "Bearer x", f"Basic {api.token}", f"Bearer {api.token}x", f"Bearer {api.token[:-1]}"):
        response = requests.get(api.url + "/targets", headers={} if value is None else {"Authorization": value})
        problem(response, 401)
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert requests.get(api.url + "/targets", headers={"authorization": f"bearer  {api.token}"}).status_code == 200


def test_bodies_are_limited_before_and_while_they_come(api):
    problem(api.call("POST", "/tasks", data=b"x" * (2 << 20)), 413)
    problem(api.call("POST", "/tasks", data=(b"x" * 65536 for _ in range(32))), 413)
    problem(api.call("POST", "/tasks", data=b"{}", headers={"Content-Type": "text/html"}), 415)
    problem(api.call("PUT", "/targets/a", data=b"{}", headers={"Content-Type": "application/yaml"}), 415)
    problem(api.call("POST", "/tasks"), 400, "body")
    problem(api.call("POST", "/tasks", data=b"["), 400, "body")
    assert api.get("/health")["status"] == "ok"


def test_forms_of_strangers_are_not_kept(api):
    field = b'--limit\r\nContent-Disposition: form-data; name="%d"\r\n\r\ny\r\n'
    form = b"".join(field % n for n in range(200_000)) + b"--limit--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=limit"}
    requests.post(api.url + "/uploads", data=form[:1000], headers=kind)
    before = api.rss_kib()
    for path in ("/uploads", "/tasks", "/targets"):
        problem(requests.request("PATCH" if path == "/targets" else "POST", api.url + path, data=form, headers=kind), 401)
    assert api.rss_kib() - before < 64 * 1024


def test_queries_are_decoded_strictly(api):
    for query in ("id=%zz", "id=%", "id=a%00", "id=%ff", "%ff=a"):
        head = f"GET /targets?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\nConnection: close\r\n\r\n"
        assert raw(api, head.encode()).startswith(b"HTTP/1.1 400 "), query
    assert api.get("/tasks", description="a b+c&d=e%")["total"] == 0
    assert api.call("GET", "/targets?&&", 200).json()["total"] == 0


def test_memory_stays_flat_under_bodies_of_nothing(api):
    api.call("POST", "/tasks", data=b" " * 1000)
    before = api.rss_kib()
    for _ in range(3):
        assert requests.post(api.url + "/tasks", data=b" " * 100_000_000).status_code == 401
        assert api.call("POST", "/tasks", data=b" " * 100_000_000).status_code == 413
    assert api.rss_kib() - before < 64 * 1024  # sanitizers take their share


def test_traversal_is_refused_in_every_path(api):
    for name in ("..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "a%00b", "%ff%fe", "%5c..", "a" * 5000):
        for path in ("/targets/{}", "/targets/{}/stop", "/tasks/{}", "/tasks/{}/targets", "/token_sets/{}", "/{}"):
            request = f"GET {path.format(name)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\nConnection: close\r\n\r\n"
            answer = raw(api, request.encode())
            assert answer.split(b" ", 2)[1] in (b"400", b"404", b"405"), answer[:200]


def test_garbage_is_no_reason_to_fall(api):
    for garbage in (b"\x00" * 1000, b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000 + b"\r\n\r\n",
                    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
                    b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                    b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                    b"POST /tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"):
        try:
            raw(api, garbage)
        except ConnectionError:
            pass  # closed on us, which is fine
        assert requests.get(api.url + "/health").status_code == 200


def test_silent_clients_are_dropped_and_block_nobody(api):
    silent = [socket.create_connection(("127.0.0.1", api.port), PATIENCE) for _ in range(100)]
    for s in silent[:50]:
        s.sendall(b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    for _ in range(20):
        assert requests.get(api.url + "/health").status_code == 200
    for s in silent:
        while s.recv(4096):
            pass  # what it says before it closes
        s.close()


def test_many_clients_at_once(api):
    api.connect("drone-1")
    failures = []

    def work(n):
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {api.token}"
            for i in range(10):
                document = {"description": f"{n}-{i}", "deploy": {"run": {"commands": ["true"]}, "target": {"ids": ["drone-1"]}}}
                if session.post(api.url + "/tasks", json=document).status_code != 201:
                    failures.append((n, i))
                session.get(api.url + "/tasks", params={"description": f"{n}-"})
    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == [] and api.get("/tasks", perPage=1)["total"] == 160
