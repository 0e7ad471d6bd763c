# SPDX-License-Identifier: Apache-2.0
"""The shape of the code: who may include and link whom, and how long a file may be.

ALLOWED is the picture of ARCHITECTURE.md as data. A component is a folder; a header belongs to the
component whose folder it lies in."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 500

# component -> components whose headers it may include
ALLOWED = {
    "common": set(),
    "manager/core": {"common"},
    "manager/storage": {"common", "manager/core"},
    "manager/packages": {"common", "manager/core"},
    "manager/transport": {"common", "manager/core", "manager/packages", "manager/storage"},
    "manager/api": {"common", "manager/core", "manager/packages", "manager/storage"},
    "manager": {"common", "manager/core", "manager/storage", "manager/packages",
                "manager/transport", "manager/api"},
    "agent": {"common"},
    "cli": {"common"},
}

# system headers that only these components may include
RESERVED = {
    r"^zmq\.h$": {"common", "manager", "manager/transport", "agent"},
    r"^sqlite3\.h$": {"manager/storage"},
    r"^ulfius\.h$": {"manager/api", "cli"},
    r"^microhttpd\.h$": {"manager/api"},
    r"^jansson\.h$": {"manager/api", "cli", "agent"},
    r"^curl/": {"cli", "agent"},
    r"^archive(_entry)?\.h$": {"common", "cli"},
    r"^yaml\.h$": {"common", "manager/api", "cli"},
    r"^zstd\.h$": {"common"},
    r"^hivecast/v1/": {"common", "manager/transport", "agent"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def sources():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return [ROOT / f for f in listed if f and (ROOT / f).is_file()]


def component_of(path):
    folder = path.relative_to(ROOT).parent
    while str(folder) != ".":
        if str(folder) in ALLOWED:
            return str(folder)
        folder = folder.parent
    return None


CODE = [p for p in sources() if p.suffix in (".c", ".h") and component_of(p)]
HEADERS = {}
for header in (p for p in CODE if p.suffix == ".h"):
    HEADERS.setdefault(header.name, set()).add(component_of(header))


def test_a_header_name_means_one_header_to_everybody_who_sees_it():
    reach = {c: {c} | others for c, others in ALLOWED.items()}
    wrong = {f"{name} in {sorted(homes & reach[c])} for {c}" for name, homes in HEADERS.items() for c in ALLOWED
             if len(homes & reach[c]) > 1}
    assert wrong == set()


def test_includes_follow_the_arrows():
    wrong = []
    for path in CODE:
        home = component_of(path)
        for quote, name in INCLUDE.findall(path.read_text()):
            homes = HEADERS.get(pathlib.Path(name).name) if quote == '"' else None
            if homes and not homes & (ALLOWED[home] | {home}):
                wrong.append(f"{path.relative_to(ROOT)} includes {name} of {', '.join(homes)}")
    assert wrong == []


def test_libraries_stay_in_their_rooms():
    wrong = []
    for path in CODE:
        for _, name in INCLUDE.findall(path.read_text()):
            for pattern, homes in RESERVED.items():
                if re.search(pattern, name) and component_of(path) not in homes:
                    wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert wrong == []


def test_the_arrows_have_no_cycle():
    def reach(component, seen):
        for other in ALLOWED[component]:
            assert other not in seen, f"cycle through {component} and {other}"
            reach(other, seen | {other})
    for component in ALLOWED:
        reach(component, {component})


def test_what_is_linked_follows_the_arrows():
    """DEPS of component() calls, resolved to the folder of each component."""
    home, deps = {}, {}
    for listing in (p for p in sources() if p.name == "CMakeLists.txt"):
        folder = component_of(listing)
        if folder is None:
            continue
        for name, body in re.findall(r"component\((\w+)\s(.*?)\)\n", listing.read_text() + "\n", re.S):
            home[name] = folder
            deps[name] = re.findall(r"\b[a-z_]+\b", body.split("DEPS", 1)[1]) if "DEPS" in body else []
    assert home, "no component found"
    wrong = [f"{name} links {dep}" for name, folder in home.items() for dep in deps[name]
             if dep in home and home[dep] != folder and home[dep] not in ALLOWED[folder]]
    assert wrong == []


def test_no_file_is_too_long():
    suffixes = {".c", ".h", ".py", ".sh", ".ts", ".vue", ".mjs", ".cmake"}
    wrong = {}
    for path in sources():
        if path.suffix in suffixes and path.relative_to(ROOT).parts[0] != "gen":
            lines = path.read_text().count("\n")
            if lines > MAX_LINES:
                wrong[str(path.relative_to(ROOT))] = lines
    assert wrong == {}


def test_files_say_their_licence():
    missing = [str(p.relative_to(ROOT)) for p in sources()
               if p.suffix in {".c", ".h", ".py", ".proto", ".cmake"} and p.relative_to(ROOT).parts[0] != "gen"
               and "SPDX-License-Identifier: Apache-2.0" not in p.read_text()[:200]]
    assert missing == []
