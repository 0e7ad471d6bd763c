# SPDX-License-Identifier: Apache-2.0
"""The WebSocket of /events: what comes, what is replayed, what is said about losses, how it ends."""
import base64
import contextlib
import json
import os
import socket
import struct
import threading
import time

import pytest
import websocket
from api_client import PATIENCE, problem, wait_for


class Stream:
    def __init__(self, api, query=""):
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{api.port}/events?{query}", timeout=PATIENCE,
                                                  header=[f"Authorization: Bearer {api.token}"])
        self.hello = self.next()
        assert self.hello["topic"] == "hello"

    def next(self):
        return json.loads(self.socket.recv())

    def until(self, condition):
        while True:
            event = self.next()
            if condition(event):
                return event

    def close(self):
        self.socket.close()


def test_what_happens_is_told_in_order(api):
    stream = Stream(api)
    assert stream.hello["lastSeq"] == 0
    api.connect("drone-1")
    added = stream.next()
    assert added["topic"] == "targetAdded" and added["data"]["id"] == "drone-1" and added["seq"] == 1
    assert stream.next()["data"]["online"] is True
    task = api.deploy()
    api.step("acknowledge", "drone-1", task, "accepted", "none")
    row = stream.until(lambda e: e["topic"] == "taskUpdated" and "target" in e["data"])
    assert row["data"]["task"] == task and row["data"]["target"] == "drone-1"
    api.step("log", "drone-1", task, "run", "hello there")
    log = stream.until(lambda e: e["topic"] == "logs")
    assert log["data"]["lines"][0]["output"] == "hello there" and log["data"]["stage"] == "run"
    api.call("DELETE", "/targets/drone-1", 204)
    removed = stream.until(lambda e: e["topic"] == "targetUpdated" and e["data"].get("removed"))
    assert removed["data"]["id"] == "drone-1" and removed["seq"] > log["seq"] > row["seq"]
    stream.close()


def test_topics_targets_and_tasks_are_filtered(api):
    logs = Stream(api, "topics=logs&target=drone-2")
    tasks = Stream(api, "topics=taskUpdated,targetAdded")
    for name in ("drone-1", "drone-2"):
        api.connect(name)
    task = api.deploy()
    for name in ("drone-1", "drone-2"):
        api.step("log", name, task, "run", name)
    assert logs.next()["data"]["target"] == "drone-2"
    assert [tasks.next()["topic"] for _ in range(3)] == ["targetAdded", "targetAdded", "taskUpdated"]


def test_what_was_missed_is_replayed(api):
    api.connect("drone-1")
    first = Stream(api, "since=0")
    seen = [first.next(), first.next()]
    first.close()
    assert [event["seq"] for event in seen] == [1, 2]
    assert Stream(api, "since=1").next() == seen[1]
    late = Stream(api, "since=2")
    api.connect("drone-2")
    assert late.next()["seq"] == 3


def test_what_cannot_be_replayed_is_told(api):
    api.connect("drone-1")
    stream = Stream(api, "since=1000")
    gap = stream.next()
    assert gap["topic"] == "gap" and gap["missed"] > 0


def test_wrong_requests_are_refused(api):
    for query, field in (("topics=weather", "topics"), ("topics=", "topics"), ("since=-1", "since"), ("since=x", "since"),
                         ("target=a/b", "target"), ("colour=red", "colour"), ("", "Upgrade")):
        problem(api.call("GET", f"/events?{query}"), 400, field)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"ws://127.0.0.1:{api.port}/events", timeout=PATIENCE)
    assert refused.value.status_code == 401


def handshake(api):
    s = socket.create_connection(("127.0.0.1", api.port), PATIENCE)
    key = base64.b64encode(os.urandom(16)).decode()
    s.sendall(f"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\nUpgrade: websocket\r\n"
              f"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    data = b""
    while b'"hello"' not in data:
        piece = s.recv(4096)
        if not piece:
            raise ConnectionError("closed")
        data += piece
    assert data.startswith(b"HTTP/1.1 101 ")
    return s


def opened(api):
    """A stream; None while there are too many."""
    try:
        return handshake(api)
    except ConnectionError:
        return None


def drain(s):
    data = b""
    while piece := s.recv(65536):
        data += piece
    s.close()
    return data


def test_pings_are_answered_and_a_close_too(api):
    stream = Stream(api)
    stream.socket.ping("are you there")
    opcode, frame = stream.socket.recv_data(control_frame=True)
    assert (opcode, frame) == (websocket.ABNF.OPCODE_PONG, b"are you there")
    stream.socket.send("a text nobody reads")
    stream.socket.send_close(1000)
    assert stream.socket.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_CLOSE


def test_frames_that_are_not_allowed_end_the_stream(api):
    for frame in (b"\x81\x05hello", b"\x83\x80mask", b"\x89\xfe\x01\x00" + b"x" * 260, os.urandom(64)[:1] + b"\x00" * 63):
        s = handshake(api)
        s.sendall(frame)
        drain(s)
    assert api.get("/health")["status"] == "ok"


def test_streams_that_vanish_are_forgotten(api):
    for _ in range(300):  # more than there may be at once
        s = wait_for(lambda: opened(api), "a place for one more stream")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    wait_for(lambda: opened(api), "a place for another stream").close()


def test_streams_that_leave_before_they_begin_are_forgotten(api):
    key = base64.b64encode(os.urandom(16)).decode()
    request = (f"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\nUpgrade: websocket\r\n"
               f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode()
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", api.port), PATIENCE) as s:
            s.sendall(request)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for(lambda: opened(api), "a place for a stream").close()
    assert api.stop() < PATIENCE / 30


def test_many_streams_come_and_go_at_once(api):
    def work():
        for _ in range(25):
            with contextlib.suppress(ConnectionError):
                handshake(api).close()
    threads = [threading.Thread(target=work) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    wait_for(lambda: opened(api), "a place for a stream").close()


def test_a_reader_that_is_too_slow_loses_events_and_is_told(api):
    api.connect("drone-1")
    task = api.deploy()
    slow = Stream(api, "topics=logs")
    fast = Stream(api, "topics=logs")
    line = "x" * 250
    for i in range(200):
        api.step("log", "drone-1", task, "run", f"{i} {line}")
        assert fast.next()["data"]["lines"][0]["output"].startswith(f"{i} ")
    assert slow.next()["topic"] in ("logs", "gap")


def test_the_end_closes_streams_at_once(api):
    streams = [Stream(api) for _ in range(20)]
    deaf = handshake(api)
    unfinished = handshake(api)
    unfinished.sendall(b"\x81")  # half of a header
    assert api.stop() < PATIENCE / 30
    for stream in streams:
        opcode, data = stream.socket.recv_data(control_frame=True)
        assert opcode == websocket.ABNF.OPCODE_CLOSE and data[:2] == struct.pack(">H", 1001)
    deaf.close()
    unfinished.close()


def test_the_end_does_not_wait_for_clients_that_send_slowly(api):
    slow = socket.create_connection(("127.0.0.1", api.port), PATIENCE)
    slow.sendall(f"POST /tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\nContent-Length: 9\r\n\r\n{{".encode())
    begin = time.monotonic()
    api.stop()
    assert time.monotonic() - begin < PATIENCE / 30
    slow.close()
