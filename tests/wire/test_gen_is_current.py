# SPDX-License-Identifier: Apache-2.0
"""gen/ is what ./run gen makes of proto/ today."""
import filecmp
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def differences(a, b):
    compared = filecmp.dircmp(a, b)
    found = [str(pathlib.Path(a) / n) for n in
             compared.left_only + compared.right_only + compared.funny_files]
    _, unequal, errors = filecmp.cmpfiles(a, b, compared.common_files, shallow=False)
    found += [str(pathlib.Path(a) / n) for n in unequal + errors]
    for name in compared.common_dirs:
        found += differences(pathlib.Path(a) / name, pathlib.Path(b) / name)
    return found


def test_gen_is_current(tmp_path):
    subprocess.run(["scripts/gen.sh", str(tmp_path)], cwd=ROOT, check=True)
    for flavour in ("protobuf-c", "nanopb"):
        assert differences(ROOT / "gen" / flavour, tmp_path / flavour) == []
