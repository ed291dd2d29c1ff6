"""Installs a wheel into a folder and uses all of it: what an attack left there runs and says so.

    fire.py WHEEL FOLDER

Plain wheels are unpacked; where there is more to install than modules, pip does it.
"""

import glob
import importlib
import importlib.metadata
import os
import pkgutil
import re
import site
import subprocess
import sys
import zipfile

MORE = re.compile(r"\.data/|\.dist-info/entry_points\.txt$")


def install(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        if not any(MORE.search(name) for name in archive.namelist()):
            archive.extractall(folder)
            return folder
    options = ["--prefix", folder, "--no-deps", "--no-index", "--no-compile", "--ignore-installed", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--no-warn-script-location", wheel]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (place,) = glob.glob(os.path.join(folder, "lib", "python3*", "site-packages"))
    return place


def use(place, folder):
    sys.path.insert(0, place)
    site.addsitedir(place)
    for module in pkgutil.walk_packages([place], onerror=print):
        try:
            importlib.import_module(module.name)
        except Exception as error:
            print(f"{module.name}: {error!r}")
    for script in sorted(glob.glob(os.path.join(folder, "bin", "*"))):
        environment = dict(os.environ, PYTHONPATH=place)
        subprocess.run([sys.executable, script], env=environment)
    for installed in importlib.metadata.distributions(path=[place]):
        for told in re.findall(r"fired-([a-z]+)", installed.read_text("METADATA") or ""):
            print(f"fired: {told}")


os.makedirs(sys.argv[2], exist_ok=True)
use(install(sys.argv[1], sys.argv[2]), sys.argv[2])
