# SPDX-License-Identifier: Apache-2.0
"""Hostile and broken archives: each is a clear 4xx of the POST, nothing is left behind, the next one works."""
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib

import harness
import pytest
from harness import zip_of


@pytest.fixture(scope="module")
def world():
    with harness.swarm(agents=1) as s:
        yield s


def tar_of(*members):
    """A tar of (TarInfo, content) pairs."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def member(name, content=b"x", **fields):
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def link(name, to, kind=tarfile.SYMTYPE):
    return member(name, b"", type=kind, linkname=to)


def zip_with_link(name, to):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        z.writestr(info, to)
    return out.getvalue()


def bomb():
    """1.5 GB of zeros, deflated to 1.5 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z, z.open("zeros", "w") as f:
        piece = bytes(1 << 20)
        for _ in range(1500):
            f.write(piece)
    return out.getvalue()


def many_entries(count):
    """A tar.gz with count empty files, without writing each by hand twice."""
    out = io.BytesIO()
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    for i in range(count):
        header = bytearray(512)
        name = f"f{i}".encode()
        header[0:len(name)] = name
        header[100:108] = b"0000644\0"
        header[108:116] = header[116:124] = b"0000000\0"
        header[124:136] = header[136:148] = b"00000000000\0"
        header[148:156] = b"        "
        header[156:157] = b"0"
        header[257:265] = b"ustar\00000"
        header[148:156] = b"%06o\0 " % sum(header)
        out.write(squeeze.compress(bytes(header)))
    out.write(squeeze.compress(bytes(1024)))
    out.write(squeeze.flush())
    return out.getvalue()


def lying_zip():
    """A zip whose directory says another size than its content has."""
    data = bytearray(zip_of({"f": "hello" * 100}))
    at = data.index(b"PK\x01\x02") + 24
    data[at:at + 4] = struct.pack("<I", 7)
    return bytes(data)


HOSTILE = {
    "absolute name in tar": tar_of(member("/etc/cron.d/evil")),
    "absolute name in zip": zip_of({"/etc/cron.d/evil": "x"}),
    "dotdot in tar": tar_of(member("../evil")),
    "dotdot in the middle": tar_of(member("a/../../evil")),
    "dotdot in zip": zip_of({"../../evil": "x"}),
    "absolute symlink": tar_of(link("l", "/etc/passwd")),
    "escaping symlink": tar_of(link("a/l", "../../etc/passwd")),
    "escaping symlink in zip": zip_with_link("l", "../../../etc/passwd"),
    "file below a symlink": tar_of(link("d", "e"), member("d/f")),
    "file below a file": tar_of(member("f"), member("f/g")),
    "escaping hard link": tar_of(link("l", "../../etc/passwd", tarfile.LNKTYPE)),
    "absolute hard link": tar_of(link("l", "/etc/passwd", tarfile.LNKTYPE)),
    "hard link to nothing": tar_of(link("l", "not-there", tarfile.LNKTYPE)),
    "character device": tar_of(member("null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3)),
    "block device": tar_of(member("sda", b"", type=tarfile.BLKTYPE, devmajor=8, devminor=0)),
    "fifo": tar_of(member("pipe", b"", type=tarfile.FIFOTYPE)),
    "setuid": tar_of(member("su", mode=0o4755)),
    "setgid": tar_of(member("sg", mode=0o2755)),
    "the same path twice": tar_of(member("f"), member("f")),
    "name of 5000 bytes": tar_of(member("x" * 5000)),
    "component of 300 bytes": tar_of(member("a/" + "x" * 300)),
    "truncated tar": tar_of(member("f", os.urandom(100_000)))[:50_000],
    "truncated zip": zip_of({"f": os.urandom(100_000)})[:50_000],
    "truncated gzip": many_entries(1000)[:-50],
    "lying zip": lying_zip(),
    "garbage": os.urandom(10_000),
    "nothing": b"",
}


def refused(world, archive):
    upload = world.manager.session.post(world.manager.url + "/uploads", files={"file": ("a", archive)}, timeout=300)
    if not upload.ok:
        assert 400 <= upload.status_code < 500
        return upload.json()
    response = world.manager.session.post(world.manager.url + "/tasks", timeout=300, json={
        "source": {"upload": upload.json()["id"]},
        "deploy": {"run": {"commands": ["true"]}, "target": {"ids": ["drone-1"]}}})
    assert 400 <= response.status_code < 500, f"{response.status_code} {response.text[:500]}"
    return response.json()


def stored_files(world):
    return sorted(str(p.relative_to(world.manager.data)) for name in ("packages", "packs")
                  for p in (world.manager.data / name).rglob("*") if p.is_file())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(world, name):
    before = stored_files(world)
    body = refused(world, HOSTILE[name])
    assert body["detail"]
    assert stored_files(world) == before
    assert world.manager.get("/tasks")["total"] == 0
    assert not os.path.exists("/etc/cron.d/evil")


def test_bombs_and_crowds_are_refused_in_flat_memory(world):
    refused(world, zip_of({"warm": "up"})[:-10])
    with world.manager.grows_at_most(32, peak=True):
        assert refused(world, bomb())["code"] == "too-large"
        assert refused(world, many_entries(1_000_000))["code"] == "too-large"


def test_a_good_archive_still_works(world):
    upload = world.manager.upload(zip_of({"f": "x"}))
    task = world.manager.deploy({"source": {"upload": upload}, "deploy": {
        "run": {"commands": ["true"]}, "target": {"ids": ["drone-1"]}}})
    world.manager.wait_final(task, "succeeded")
