"""Reads changelogs in the form of "Keep a Changelog"."""

import gzip
import re
from dataclasses import dataclass, field
from pathlib import Path

RELEASE = re.compile(r"^##\s+\[?(?P<version>[^\]\s]+)\]?(?:\s+-\s+(?P<date>\d{4}-\d{2}-\d{2}))?\s*$")
GROUP = re.compile(r"^###\s+(?P<name>.+?)\s*$")
ITEM = re.compile(r"^[-*]\s+(?P<text>.+?)\s*$")


class ChangelogError(Exception):
    """The changelog cannot be read, or lacks what was asked for."""


@dataclass
class Release:
    version: str
    date: str = ""
    groups: dict = field(default_factory=dict)


def read_text(path):
    """Returns the text of a changelog, which may be gzipped, in UTF-8 or else in Latin-1."""
    data = Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse(text):
    """Returns the releases of a changelog in the order in which they stand."""
    releases, group = [], None
    for line in text.splitlines():
        if match := RELEASE.match(line):
            releases.append(Release(match["version"], match["date"] or ""))
            group = None
        elif releases and (match := GROUP.match(line)):
            group = releases[-1].groups.setdefault(match["name"], [])
        elif group is not None and (match := ITEM.match(line)):
            group.append(match["text"])
        elif group and line.startswith((" ", "\t")) and line.strip():
            group[-1] += " " + line.strip()
    return releases


def find(releases, version=None):
    """Returns the release of that version, by default the first that is not "Unreleased"."""
    for release in releases:
        if release.version == version or (version is None and release.version.lower() != "unreleased"):
            return release
    wanted = "a release" if version is None else f"version {version}"
    known = ", ".join(release.version for release in releases) or "none"
    raise ChangelogError(f"the changelog has no {wanted}; it has: {known}")
