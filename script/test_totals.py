#!/usr/bin/env python3
"""Counts tests in what a group of script/test left behind; prints "PASSED FAILED SKIPPED".

    test_totals.py units RESULTS CTEST_XML   GoogleTest XML files in RESULTS, and ctest's own JUnit file
    test_totals.py log FILE STATUS           the output of a tests/GROUP/run that ended with STATUS:
                                             TAP totals, node's and GoogleTest's and unittest's closing lines
"""

import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def units(results, ctest_file):
    passed = failed = skipped = 0
    counted = set()
    for path in sorted(Path(results).glob("*.xml")):
        try:
            suites = xml.parse(path).getroot()
        except xml.ParseError:
            continue  # Cut short by a crash; ctest counts the program as failed.
        counted.add(path.stem)
        for case in suites.iter("testcase"):
            if case.find("failure") is not None:
                failed += 1
            elif case.find("skipped") is not None or case.get("result") == "skipped":
                skipped += 1
            elif case.get("status") != "notrun":
                passed += 1
    counted_failures = failed
    broken = 0
    if Path(ctest_file).is_file():
        for case in xml.parse(ctest_file).getroot().iter("testcase"):
            ran_well = case.get("status") == "run"
            if case.get("name") not in counted:
                passed, failed = (passed + 1, failed) if ran_well else (passed, failed + 1)
            elif not ran_well:
                broken += 1
    # A program that failed after its cases passed (a leak, a race) is a failure too.
    if broken and not counted_failures:
        failed += broken
    return passed, failed, skipped


PASSED = re.compile(r"^(?:#|ℹ) pass (\d+)|^\[  PASSED  \] (\d+) tests?\.", re.M)
FAILED = re.compile(r"^(?:#|ℹ) fail (\d+)|^\[  FAILED  \] (\d+) tests?, listed", re.M)
SKIPPED = re.compile(r"^(?:#|ℹ) skipped (\d+)|^\[  SKIPPED \] (\d+) tests?, listed", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?$", re.M)


def log(file, status):
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)

    def total(pattern):
        return sum(int(number) for found in pattern.findall(text) for number in found if number)

    passed, failed, skipped = total(PASSED), total(FAILED), total(SKIPPED)
    for ran, remarks in UNITTEST.findall(text):
        words = dict(re.findall(r"(\w+)=(\d+)", remarks))
        bad = int(words.get("failures", 0)) + int(words.get("errors", 0))
        failed += bad
        skipped += int(words.get("skipped", 0))
        passed += int(ran) - bad - int(words.get("skipped", 0))
    if int(status) == 0 and passed + failed + skipped == 0:
        passed = 1  # It said nothing of totals: the group is the test.
    if int(status) != 0 and failed == 0:
        failed = 1
    return passed, failed, skipped


if __name__ == "__main__":
    print(*{"units": units, "log": log}[sys.argv[1]](*sys.argv[2:]))
