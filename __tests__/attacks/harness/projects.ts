import type { Files } from './attack.ts'

export interface ProjectOptions {
  /** The line that says the version. */
  version?: string
  /** Further lines of the table `[project]`. */
  project?: string
  /** Further tables of pyproject.toml. */
  tables?: string
  /** A backend in the tree that calls the usual one. */
  backend?: string
  /** Further build requirements. */
  requires?: readonly string[]
}

const common: Files = {
  'README.md': 'An honest project.\n',
  'victim/__init__.py': '"""An honest package."""\n',
  'victim/honest.py': 'def answer():\n    return 42\n'
}

/** A project that packs the folder `victim` with setuptools. */
export function setuptoolsProject(files: Files, options: ProjectOptions = {}): Files {
  return {
    'pyproject.toml': `${buildSystem('setuptools', 'setuptools.build_meta', options)}
[tool.setuptools]
packages = ["victim"]
include-package-data = true
${options.tables ?? ''}`,
    ...common,
    ...files
  }
}

/** The same with hatchling and the hook in `hatch_build.py`. */
export function hatchProject(files: Files, options: ProjectOptions = {}): Files {
  return {
    'pyproject.toml': `${buildSystem('hatchling', 'hatchling.build', options)}
[tool.hatch.build.hooks.custom]
${options.tables ?? ''}`,
    ...common,
    ...files
  }
}

function buildSystem(first: string, backend: string, options: ProjectOptions): string {
  const own = options.backend === undefined ? '' : 'backend-path = ["tools"]\n'
  const requires = [first, ...(options.requires ?? [])].map((item) => JSON.stringify(item)).join(', ')
  return `[build-system]
requires = [${requires}]
build-backend = "${options.backend ?? backend}"
${own}
[project]
name = "victim"
${options.version ?? 'version = "1.2.3"'}
readme = "README.md"
${options.project ?? ''}`
}

/** Python that packs a finished wheel again after `change(files)`, and makes its RECORD right. */
export const repacking = `import base64
import hashlib
import zipfile


def repack(place, change):
    with zipfile.ZipFile(place) as archive:
        files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    record = next(file for file in files if file.endswith(".dist-info/RECORD"))
    del files[record]
    change(files)
    lines = ["%s,sha256=%s,%d" % (file, digest(content), len(content)) for file, content in files.items()]
    files[record] = "\\n".join(lines + [record + ",,", ""]).encode()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            entry = zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if "/scripts/" in file else 0o100644) << 16
            archive.writestr(entry, content)


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
`

/**
 * A backend in the tree, `tools/wrapped.py`: setuptools' own, and then `change(files)` may do what it likes with the
 * members of the wheel, by name.
 */
export function wrappedSetuptools(change: string): Files {
  return {
    'tools/wrapped.py': `import os

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

${repacking}

${change}

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    repack(os.path.join(wheel_directory, name), change)
    return name
`
  }
}
