"""Writes a wheel again under another name: `rewrite.py WHEEL NEW [OPERATION ARGUMENTS...]`. RECORD agrees afterwards."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

source, target, *operation = sys.argv[1:]
with zipfile.ZipFile(source) as archive:
    members = {name: archive.read(name) for name in archive.namelist()}


def parts(path):
    name, version, *tags = Path(path).name[: -len(".whl")].split("-")
    return f"{name}-{version}", "-".join(tags[-3:])


(old, old_tag), (new, new_tag) = parts(source), parts(target)
members = {name.replace(f"{old}.dist-info/", f"{new}.dist-info/"): data for name, data in members.items()}
info = f"{new}.dist-info"
members[f"{info}/WHEEL"] = members[f"{info}/WHEEL"].replace(old_tag.encode(), new_tag.encode())
old_version, new_version = old.split("-")[1], new.split("-")[1]
metadata = members[f"{info}/METADATA"].replace(f"Version: {old_version}".encode(), f"Version: {new_version}".encode())
old_name, new_name = old.split("-")[0], new.split("-")[0]
members[f"{info}/METADATA"] = metadata.replace(f"Name: {old_name}".encode(), f"Name: {new_name}".encode())

match operation:
    case ["add", path, text]:
        members[path] = text.encode()
    case ["change", path, text]:
        members[path] += text.encode()
    case ["native", path]:
        (native,) = [name for name in members if name.endswith(".so")]
        members[path] = members[native]
    case ["flip"]:
        (native,) = [name for name in members if name.endswith(".so")]
        members[native] = members[native][:-1] + bytes([members[native][-1] ^ 1])

record = f"{info}/RECORD"
del members[record]
lines = []
for name, data in members.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    lines.append(f"{name},sha256={digest},{len(data)}")
members[record] = "\n".join([*lines, f"{record},,", ""]).encode()
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, data in members.items():
        entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100644 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, data)
