# SPDX-License-Identifier: Apache-2.0
"""The benchmarks: real managers and agents of the release build, measured, nothing assumed.

  ./run bench              all of them, as tables
  ./run bench NAME         one
  ./run bench NAME --json  one, as one JSON object
"""
import argparse
import importlib
import json
import os
import pathlib
import platform
import sys

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ["core", "deploy", "tiny", "swarm", "logs", "upload"]


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return {"cpu": model, "cores": os.cpu_count(), "memory_mib": memory // 1024, "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", "")}


def text(value):
    if isinstance(value, dict):
        return " / ".join(text(v) for v in value.values())
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def print_table(result):
    print(f"\n{result['name']}")
    columns = []
    for row in result["rows"]:
        columns += [c for c in row if c not in columns]
    heads = [c + (" " + "/".join(v) if isinstance(v := next(r[c] for r in result["rows"] if c in r), dict) else "")
             for c in columns]
    table = [heads] + [[text(row.get(c, "")) for c in columns] for row in result["rows"]]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    for line in table:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths)))
    for bar in result.get("bars", []):
        print(f"  {'met   ' if bar['met'] else 'MISSED'} {bar['what']}: {text(bar['measured'])} (bar {text(bar['bar'])})")


def main():
    parser = argparse.ArgumentParser(prog="./run bench", description="Benchmarks: " + ", ".join(NAMES))
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object; needs one NAME")
    parser.add_argument("--list", action="store_true", help="names of the benchmarks")
    parser.add_argument("--runs", type=int, default=3, help="repetitions of what is timed (default 3)")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(NAMES))
        return 0
    unknown = set(arguments.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if arguments.json and len(arguments.names) != 1:
        parser.error("--json needs one NAME")
    os.environ["HIVECAST_BIN"] = str(pathlib.Path(arguments.bin).resolve())
    os.environ.setdefault("HIVECAST_PATIENCE", "300")
    sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
    for name in arguments.names or NAMES:
        result = {"name": name, "machine": machine()}
        result.update(importlib.import_module(f"bench_{name}").run(arguments.runs))
        if arguments.json:
            print(json.dumps(result))
        else:
            print_table(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
