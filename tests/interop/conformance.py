"""The official conformance suite against the example with everything in it: by `serve`, and through the Lambda emulator.

Each entry point is held to the requirements of both revisions; `conformance.yaml` names what may fail, and why. Prints one line of
totals for each run. It must never call a run good that did not give a result for every scored scenario.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from world import NODE, NODE_MODULES, ROOT, check, everything_emulated, everything_served, say

SUITE = NODE_MODULES / "@modelcontextprotocol/conformance"
BASELINE = ROOT / "tests/interop/conformance.yaml"
REVISIONS = ["2026-07-28", "2025-11-25"]
DOORS = {"http": everything_served, "lambda": everything_emulated}


def scored(revision):
    """The scenarios that count for this revision, as the suite has them."""
    return yaml.safe_load((SUITE / f"requirements/{revision}.yaml").read_text())["server"]


def run_suite(url, revision, folder):
    """Runs the suite, which judges by the baseline, and keeps the checks of every scenario in a folder."""
    command = [str(NODE), str(SUITE / "dist/index.js"), "server", "--url", url, "--requirements", revision]
    baseline = ["--expected-failures", str(BASELINE), "--output-dir", folder]
    return subprocess.run([*command, *baseline], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200)


def results(folder, scenarios):
    """The checks of each of these scenarios; a scenario without a result is missing."""
    kept = {}
    for scenario in scenarios:
        # The folder's name ends in the time of the run.
        for file in Path(folder).glob(f"server-{scenario}-[0-9]*/checks.json"):
            kept[scenario] = json.loads(file.read_text())
    return kept


def having(found, status):
    return [scenario for scenario, checks in found.items() if any(each["status"] == status for each in checks)]


def tell_faults(found, output):
    """What did not succeed, in the suite's words, and its verdict."""
    for scenario, checks in found.items():
        for each in checks:
            if each["status"] in ["FAILURE", "WARNING"]:
                say(f"{each['status']} {scenario}:{each['id']}: {each.get('errorMessage') or each['description']}"[:800])
    print(output[-1500:], flush=True)


def hold_to(revision, door, url):
    scenarios = scored(revision)
    with tempfile.TemporaryDirectory() as folder:
        done = run_suite(url, revision, folder)
        found = results(folder, scenarios)
    failing = having(found, "FAILURE")
    warned = [scenario for scenario in having(found, "WARNING") if scenario not in failing]
    if done.returncode or len(found) != len(scenarios):
        tell_faults(found, done.stdout)
    passing = len(found) - len(failing)
    but = f"; not: {', '.join(failing)}" if failing else ""
    but += f"; with a warning: {', '.join(warned)}" if warned else ""
    check(done.returncode == 0 and len(found) == len(scenarios),
          f"{revision} by {door}: {passing} of {len(scenarios)} scored scenarios pass{but}")


def main(doors):
    for door in doors:
        print(f"-- the official conformance suite, by {door}", flush=True)
        with tempfile.TemporaryDirectory() as home, DOORS[door](home) as base:
            for revision in REVISIONS:
                hold_to(revision, door, f"{base}/mcp")
    print("conformance: nothing unexpected", flush=True)


main(sys.argv[1:] or list(DOORS))
