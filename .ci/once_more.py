"""`once_more.py REPORT…`: runs what failed in Vitest's JSON reports again, file by file, with nothing beside it. Real timers go by the load of the machine;
what is drawn is drawn as before (PROPERTY_SEED).

Ends with 1 where something fails again, where a report is missing or names no failed test, and where more failed than load explains.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

MOST_TESTS = 5


def failed_tests(path):
    """FILE: full names; no names where the file failed as a whole."""
    if not os.path.exists(path):
        raise SystemExit(f"{path}: its tests ended without a report")
    with open(path) as handle:
        report = json.load(handle)
    failed = {
        os.path.relpath(file["name"]): [test["fullName"] for test in file["assertionResults"] if test["status"] == "failed"]
        for file in report["testResults"] if file["status"] == "failed"}
    if not failed and not report["success"]:
        raise SystemExit(f"{path}: failed, but no test of it did")
    return failed


def passes(file, names, scratch):
    print(f"\n{file}: {', '.join(names) or 'all of it'}", flush=True)
    report = os.path.join(scratch, "again.json")
    pattern = ["-t", "|".join(f"^{re.escape(name)}$" for name in names)] if names else []
    done = subprocess.run(["npm", "run", "--silent", "test:kernel", "--", file, *pattern,
                           "--reporter=default", "--reporter=json", f"--outputFile.json={report}"])
    if done.returncode != 0:
        return False
    with open(report) as handle:
        return json.load(handle)["numPassedTests"] >= max(len(names), 1)


def main(paths):
    failed = {file: names for path in paths for file, names in failed_tests(path).items()}
    if not failed:
        raise SystemExit("something failed, and no report says what")
    if sum(max(len(names), 1) for names in failed.values()) > MOST_TESTS:
        raise SystemExit("more failed than load explains")
    with tempfile.TemporaryDirectory() as scratch:
        if not all([passes(file, names, scratch) for file, names in failed.items()]):
            raise SystemExit("failed again by itself")


main(sys.argv[1:])
