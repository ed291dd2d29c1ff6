"""Unpacks a wheel as an installer does and imports all of it: what an attack left there runs and says so."""

import importlib
import os
import pkgutil
import site
import sys
import zipfile


def main(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            place = archive.extract(entry, folder)
            mode = entry.external_attr >> 16 & 0o777
            if mode and not entry.is_dir():
                os.chmod(place, mode)
    sys.path.insert(0, folder)
    site.addsitedir(folder)
    for module in pkgutil.walk_packages([folder], onerror=print):
        try:
            importlib.import_module(module.name)
        except Exception as error:
            print(f"{module.name}: {error!r}")


main(*sys.argv[1:])
