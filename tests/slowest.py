"""Prints the ten slowest tests of a JUnit file and the plain closing line."""

import sys
import xml.etree.ElementTree as ElementTree

cases = list(ElementTree.parse(sys.argv[1]).iter("testcase"))
cases.sort(key=lambda case: -float(case.get("time", 0)))
for case in cases[:10]:
    print(f"{float(case.get('time', 0)):8.2f} s  {case.get('classname')}  {case.get('name')}")
failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
skipped = sum(1 for case in cases if case.find("skipped") is not None)
print(f"{len(cases) - failed - skipped} passed, {failed} failed, {skipped} skipped")
