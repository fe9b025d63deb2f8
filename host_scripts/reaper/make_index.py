"""Prints index.xml, from which ReaPack installs our scripts: `python make_index.py > index.xml` at each release.

All it says comes from the head of segue_mark_cuts.lua.
"""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from posixpath import normpath

HERE = Path(__file__).parent
MAIN = "segue_mark_cuts.lua"
# A placeholder until the repository is public; ReaPack imports BASE/main/host_scripts/reaper/index.xml.
BASE = "https://github.com/segue-audio/segue/raw"


def index() -> str:
    """The text of index.xml."""
    head = (HERE / MAIN).read_text("utf-8").split("\n-- Segue:")[0]
    version = _field(head, "version")
    root = ET.Element("index", {"version": "1", "name": "Segue"})
    category = ET.SubElement(root, "category", {"name": "reaper"})
    package = ET.SubElement(category, "reapack", {"name": MAIN, "type": "script", "desc": _field(head, "description")})
    node = ET.SubElement(package, "version", {"name": version, "author": _field(head, "author")})
    ET.SubElement(node, "changelog").text = re.search(r"@changelog\n--   (.*)", head)[1]
    for kind, name in [("main", MAIN), *re.findall(r"^--   \[(main|nomain)\] (\S+)$", head, re.M)]:
        attributes = {"main": "main"} if kind == "main" else {}
        attributes |= {"file": name} if name != MAIN else {}
        url = f"{BASE}/v{version}/{normpath(f'host_scripts/reaper/{name}')}"
        ET.SubElement(node, "source", attributes).text = url
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _field(head: str, name: str) -> str:
    return re.search(rf"^-- @{name} (.+)$", head, re.M)[1]


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    print(index(), end="")
