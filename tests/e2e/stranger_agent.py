# SPDX-License-Identifier: Apache-2.0
"""An agent written from docs/protocol.md alone: pyzmq, protoc's Python, PyNaCl, zstandard, nothing of our C.

It runs everything in the foreground and keeps its reports in memory: a proof that the page suffices, not a
product. The wire tests use it as a client that can be told to misbehave."""
import hashlib
import importlib
import os
import pathlib
import platform
import random
import subprocess
import sys
import tempfile
import time

import requests
import zmq
import zstandard
from google.protobuf.internal.decoder import _DecodeVarint32
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

ROOT = pathlib.Path(__file__).resolve().parents[2]
PIECE = 65536
CREDIT = 8


def load_messages():
    out = pathlib.Path(tempfile.mkdtemp(prefix="hivecast-proto-"))
    protos = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto" / "hivecast" / "v1").glob("*.proto"))
    subprocess.run(["protoc", f"--python_out={out}", "-Iproto", *protos], cwd=ROOT, check=True)
    sys.path.insert(0, str(out))

    class Messages:
        """All messages and enum values of hivecast.v1 as attributes."""
    for proto in protos:
        module = importlib.import_module(proto[:-len(".proto")].replace("/", ".") + "_pb2")
        for name, value in vars(module).items():
            if not name.startswith("_"):
                setattr(Messages, name, value)
    return Messages


M = load_messages()
MANAGER = M.DESCRIPTOR.pool.FindServiceByName("hivecast.v1.Manager")
AGENT = M.DESCRIPTOR.pool.FindServiceByName("hivecast.v1.Agent")


class Refused(Exception):
    def __init__(self, failure):
        super().__init__(failure.message)
        self.code = M.ErrorCode.Name(failure.code)


def blake2b(data):
    return hashlib.blake2b(data, digest_size=32).digest()


class Connection:
    """One DEALER with CURVE, and calls over it."""

    def __init__(self, endpoint, server_key, public, secret):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndtimeo = 60_000  # a connection that was refused must not hold its test for ever
        self.socket.curve_serverkey, self.socket.curve_publickey, self.socket.curve_secretkey = \
            server_key, public, secret
        self.socket.connect(endpoint)
        self.next_call = 1

    def close(self):
        self.socket.close()

    def send(self, method, body, kind=None, call_id=None):
        number = [m.name for m in MANAGER.methods].index(method) + 1
        if call_id is None:
            call_id, self.next_call = self.next_call, self.next_call + 1
        envelope = M.Envelope(call_id=call_id, kind=kind or M.KIND_REQUEST, service=M.SERVICE_MANAGER, method=number)
        self.socket.send_multipart([envelope.SerializeToString(), body.SerializeToString()])
        return call_id

    def receive(self, timeout=30.0):
        """(envelope, body bytes, raw bytes), or None."""
        if not self.socket.poll(int(timeout * 1000)):
            return None
        frames = self.socket.recv_multipart()
        envelope = M.Envelope.FromString(frames[0])
        return envelope, frames[1] if len(frames) > 1 else b"", frames[2] if len(frames) > 2 else b""


class StrangerAgent:
    def __init__(self, url, token, target, folder, tags=()):
        self.id, self.tags = target, list(tags)
        self.folder = pathlib.Path(folder)
        self.public, self.secret = zmq.curve_keypair()
        answer = requests.post(url + "/rpc/targets", headers={"X-Auth-Token": token}, timeout=30, json={
            "id": target, "publicKey": self.public.decode(), "tags": self.tags,
            "architecture": platform.machine(), "os": "linux"})
        answer.raise_for_status()
        self.info = answer.json()
        self.stream_id, self.next_seq = random.getrandbits(63) | 1, 1
        self.unconfirmed, self.states, self.waiting = [], {}, []
        self.control = None

    def connect(self):
        return Connection(self.info["control"], self.info["managerPublicKey"].encode(), self.public, self.secret)

    def call(self, method, body):
        """Calls the manager; what arrives meanwhile is handled later."""
        call_id = self.control.send(method, body)
        while True:
            got = self.control.receive()
            if got is None:
                raise TimeoutError(method)
            envelope, data, _ = got
            if envelope.kind != M.KIND_RESPONSE:
                self.waiting.append((envelope, data))
            elif envelope.call_id == call_id:
                if envelope.HasField("failure"):
                    raise Refused(envelope.failure)
                return getattr(M, MANAGER.methods_by_name[method].output_type.name).FromString(data)

    def hello(self, **changes):
        if self.control is None:
            self.control = self.connect()
        tasks = [M.TaskStatus(task_id=t, state=s) for t, s in self.states.items()]
        advertisement = M.Advertisement(id=changes.get("id", self.id), tags=self.tags, architecture=platform.machine(),
                                        os="linux", tasks=tasks)
        answer = self.call("Hello", M.HelloRequest(
            protocol_versions=changes.get("versions", [1]), agent_version="stranger", boot_id="1",
            advertisement=advertisement, stream_id=self.stream_id))
        self.unconfirmed = [(seq, r) for seq, r in self.unconfirmed if seq > answer.stored_seq]
        return answer

    def report(self, *reports):
        for report in reports:
            report.time_ms = int(time.time() * 1000)
            self.unconfirmed.append((self.next_seq, report))
            self.next_seq += 1
        answer = self.call("Report", M.ReportRequest(
            stream_id=self.stream_id, first_seq=self.unconfirmed[0][0], reports=[r for _, r in self.unconfirmed]))
        self.unconfirmed = [(seq, r) for seq, r in self.unconfirmed if seq > answer.stored_seq]

    def acknowledge(self, task_id, state, **fields):
        self.states[task_id] = state
        self.report(M.Report(acknowledgement=M.Acknowledgement(task_id=task_id, state=state, **fields)))

    def serve(self, until, timeout=60.0):
        """Handles what the manager asks until until() is true."""
        deadline = time.monotonic() + timeout
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError("the stranger waited in vain")
            if not self.waiting:
                got = self.control.receive(0.2)
                if got is None:
                    continue
                self.waiting.append(got[:2])
            envelope, data = self.waiting.pop(0)
            if envelope.kind == M.KIND_NOTICE and AGENT.methods[envelope.method - 1].name == "Announce":
                announcement = M.AnnounceRequest.FromString(data).announcement
                if announcement.task_id not in self.states:
                    self.deploy(announcement)

    def deploy(self, announcement):
        task_id = announcement.task_id
        self.acknowledge(task_id, M.TASK_STATE_ACCEPTED)
        signed = self.call("FetchTask", M.FetchTaskRequest(task_id=task_id)).signed_task
        task = M.Task.FromString(signed.task)
        release = self.folder / task_id
        release.mkdir(parents=True)
        if task.HasField("package"):
            self.acknowledge(task_id, M.TASK_STATE_TRANSFERRING)
            self.fetch(task, release)
        self.acknowledge(task_id, M.TASK_STATE_INSTALLING)
        for command in task.install.commands:
            if self.run(task_id, M.STAGE_INSTALL, command, release) != 0:
                self.acknowledge(task_id, M.TASK_STATE_FAILED, code=M.ERROR_CODE_COMMAND_FAILED, message=command)
                return
        self.acknowledge(task_id, M.TASK_STATE_ACTIVATING)
        self.acknowledge(task_id, M.TASK_STATE_SUCCEEDED, run_state=M.RUN_STATE_UP, digest=task.package.digest)
        statuses = [self.run(task_id, M.STAGE_RUN, command, release) for command in task.run.commands]
        self.acknowledge(task_id, M.TASK_STATE_SUCCEEDED, run_state=M.RUN_STATE_EXITED,
                         exit_status=max(statuses, default=0))

    def run(self, task_id, stage, command, release):
        done = subprocess.run(["/bin/sh", "-c", command], cwd=release, capture_output=True, text=True)
        now = int(time.time() * 1000)
        lines = [M.LogLine(time_ms=now, output=text, error=error)
                 for stream, error in ((done.stdout, False), (done.stderr, True)) for text in stream.splitlines()]
        if lines:
            self.report(M.Report(log=M.Log(task_id=task_id, stage=stage, command=command, lines=lines)))
        return done.returncode

    def fetch(self, task, release):
        bulk = Connection(self.info["bulk"], self.info["managerPublicKey"].encode(), self.public, self.secret)
        try:
            manifest = self.fetch_manifest(bulk, task)
            header, entries, chunks = self.parse(manifest)
            assert header.version == 1 and len(entries) == header.entry_count and len(chunks) == header.chunk_count
            self.unpack(entries, self.content(bulk, task.id, chunks), release)
        finally:
            bulk.close()

    @staticmethod
    def checked(got):
        assert got is not None, "no answer on the bulk connection"
        if got[0].HasField("failure"):
            raise Refused(got[0].failure)
        return got

    def fetch_manifest(self, bulk, task):
        manifest = b""
        while len(manifest) < task.package.manifest_size:
            bulk.send("FetchManifest", M.FetchManifestRequest(task_id=task.id, offset=len(manifest)))
            manifest += self.checked(bulk.receive())[2]
        assert blake2b(manifest) == task.package.digest
        return manifest

    @staticmethod
    def parse(manifest):
        header, entries, chunks, at = None, [], [], 0
        while at < len(manifest):
            size, at = _DecodeVarint32(manifest, at)
            record = M.ManifestRecord.FromString(manifest[at:at + size])
            at += size
            kind = record.WhichOneof("record")
            if kind == "header":
                header = record.header
            else:
                (entries if kind == "entry" else chunks).append(getattr(record, kind))
        return header, entries, chunks

    def content(self, bulk, task_id, chunks):
        """The chunks of the content stream, opened and checked, in order."""
        for first in range(0, len(chunks), CREDIT):
            count = min(CREDIT, len(chunks) - first)
            bulk.send("FetchChunks", M.FetchChunksRequest(task_id=task_id, first=first, count=count))
            sealed = {}
            while len(sealed) < count:
                _, body, raw = self.checked(bulk.receive())
                sealed[M.FetchChunksResponse.FromString(body).index] = raw
            for index in range(first, first + count):
                chunk, data = chunks[index], sealed[index]
                assert len(data) == chunk.sealed_size and blake2b(data) == chunk.name
                compressed = crypto_aead_xchacha20poly1305_ietf_decrypt(data, None, bytes(24), chunk.key)
                plain = zstandard.ZstdDecompressor().decompress(compressed, max_output_size=chunk.size)
                assert len(plain) == chunk.size and blake2b(plain) == chunk.digest
                yield plain

    @staticmethod
    def unpack(entries, stream, release):
        left = b""
        for entry in entries:
            path = release / os.fsdecode(entry.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            if entry.type == M.ENTRY_TYPE_DIRECTORY:
                path.mkdir(exist_ok=True)
            elif entry.type == M.ENTRY_TYPE_SYMLINK:
                path.symlink_to(os.fsdecode(entry.link_target))
            elif entry.type == M.ENTRY_TYPE_HARDLINK:
                path.hardlink_to(release / os.fsdecode(entry.link_target))
            else:
                data = left
                while len(data) < entry.size:
                    data += next(stream)
                data, left = data[:entry.size], data[entry.size:]
                assert blake2b(data) == entry.digest
                path.write_bytes(data)
                path.chmod(entry.mode)
        assert left == b"" and next(stream, None) is None
