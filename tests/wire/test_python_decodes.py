# SPDX-License-Identifier: Apache-2.0
"""protoc's Python reads what the C encoders wrote, and means the same by it."""
import importlib
import os
import pathlib
import subprocess
import sys

import pytest
from google.protobuf.json_format import MessageToDict

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = pathlib.Path(os.environ["HIVECAST_PRESET_DIR"]) / "tests" / "test_wire_golden"

EXPECTED = {
    "Envelope": {"callId": 300, "kind": "KIND_RESPONSE", "service": "SERVICE_MANAGER", "method": 4,
                 "failure": {"code": "ERROR_CODE_NOT_FOUND", "message": "there is no task brave-otter"}},
    "HelloRequest": {
        "protocolVersions": [1], "agentVersion": "0.1.0", "bootId": "boot-1",
        "streamId": str(0x1122334455667788),
        "advertisement": {
            "id": "drone-1", "tags": ["amd64", "drone"], "architecture": "amd64", "os": "linux",
            "location": {"latitude": 50.75, "longitude": -7.25},
            "diskFreeBytes": "5000000000", "memoryBytes": str(1 << 29),
            "tasks": [{"taskId": "brave-otter", "state": "TASK_STATE_TRANSFERRING",
                       "runState": "RUN_STATE_NONE"}]}},
    "AnnounceRequest": {"announcement": {
        "taskId": "brave-otter", "app": "default", "version": "7", "architecture": "amd64",
        "memoryBytes": "4096",
        "package": {"digest": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", "manifestSize": "4711",
                    "entryCount": "3", "chunkCount": "2", "contentSize": str(1 << 33),
                    "sealedSize": "99"}}},
    "ReportRequest": {"streamId": "1", "firstSeq": "12", "reports": [
        {"timeMs": "1790000000123", "acknowledgement": {
            "taskId": "brave-otter", "state": "TASK_STATE_REJECTED", "code": "ERROR_CODE_NO_SPACE",
            "message": "needs 120 MB, 80 MB free", "exitStatus": -1}}]},
    "FetchChunksRequest": {"taskId": "brave-otter", "first": "5", "count": 4},
}


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    out = tmp_path_factory.mktemp("python")
    protos = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto"))
    subprocess.run(["protoc", f"--python_out={out}", "-Iproto", *protos], cwd=ROOT, check=True)
    sys.path.insert(0, str(out))
    return [importlib.import_module(p[:-len(".proto")].replace("/", ".") + "_pb2") for p in protos]


def test_python_decodes_every_golden_message(modules):
    lines = subprocess.run([GOLDEN, "dump"], check=True, capture_output=True, text=True).stdout.split("\n")
    seen = {}
    for line in filter(None, lines):
        name, data = line.split(" ")
        message = next(getattr(m, name) for m in modules if hasattr(m, name))()
        message.ParseFromString(bytes.fromhex(data))
        assert message.SerializeToString(deterministic=True).hex() == data
        seen[name] = MessageToDict(message)
    assert seen == EXPECTED
