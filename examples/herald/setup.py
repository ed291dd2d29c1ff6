"""Compiles the translations while the package is built; everything else is in pyproject.toml."""

import ast
import struct
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent


def read_catalogue(text):
    """Returns {msgid: msgstr} of a .po file; fuzzy and untranslated entries are left out."""
    catalogue = {}
    for block in text.replace("\r\n", "\n").split("\n\n"):
        entry, keyword, fuzzy = {}, None, False
        for line in block.splitlines():
            if line.startswith("#,") and "fuzzy" in line:
                fuzzy = True
            if line.startswith("#") or not line.strip():
                continue
            if not line.startswith('"'):
                keyword, _, line = line.partition(" ")
                entry[keyword] = ""
            entry[keyword] += ast.literal_eval(line.strip())
        if fuzzy or "msgid" not in entry:
            continue
        plurals = [entry[key] for key in sorted(entry) if key.startswith("msgstr")]
        if not all(plurals):
            continue
        key = entry["msgid"]
        if "msgid_plural" in entry:
            key += "\0" + entry["msgid_plural"]
        if "msgctxt" in entry:
            key = entry["msgctxt"] + "\x04" + key
        catalogue[key] = "\0".join(plurals)
    return catalogue


def compile_catalogue(catalogue):
    """Returns the bytes of a .mo file (GNU gettext, revision 0, little endian, sorted, no hash table)."""
    pairs = sorted((key.encode(), value.encode()) for key, value in catalogue.items())
    start = 28 + 16 * len(pairs)
    tables, blob = ([], []), b""
    for index in (0, 1):
        for pair in pairs:
            tables[index].append(struct.pack("<II", len(pair[index]), start + len(blob)))
            blob += pair[index] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return head + b"".join(tables[0] + tables[1]) + blob


class BuildWithTranslations(build_py):
    def translations(self):
        """Pairs of .po file and the .mo file that is made of it."""
        for source in sorted((HERE / "po").glob("*.po")):
            yield source, Path(self.build_lib, "herald", "locale", source.stem, "LC_MESSAGES", "herald.mo")

    def run(self):
        super().run()
        if getattr(self, "editable_mode", False):
            return
        for source, target in self.translations():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(compile_catalogue(read_catalogue(source.read_text("utf-8"))))

    def get_outputs(self, include_bytecode=True):
        made = [str(target) for _, target in self.translations()]
        return super().get_outputs(include_bytecode) + made


setup(cmdclass={"build_py": BuildWithTranslations})
