import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'

/** The epoch that the tests pack with. */
export const epoch = 1_700_000_000

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-formats-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export async function tool(command: string, args: readonly string[], cwd: string): Promise<string> {
  return runChecked(command, args, { cwd, env: { ...plainEnvironment, HOME: cwd, TZ: 'UTC' } })
}

export async function python(script: string, cwd: string, ...args: string[]): Promise<string> {
  return tool('python3', ['-I', '-c', script, ...args], cwd)
}

/** A wheel and an sdist as builders make them, with Python's own modules, from the same tree of files. */
const makeArchives = `
import base64, hashlib, os, sys, tarfile, zipfile
fmt = {'pax': tarfile.PAX_FORMAT, 'gnu': tarfile.GNU_FORMAT, 'ustar': tarfile.USTAR_FORMAT}[sys.argv[1]]
meta = b'Metadata-Version: 2.1\\nName: demo-pkg\\nVersion: 1.0\\n\\nText\\n'
files = {
    'demo/__init__.py': b'VALUE = "demo"\\n',
    'demo/empty.txt': b'',
    'demo/' + 'deep/' * 24 + 'file.txt': b'far down\\n',
    'demo/data.bin': bytes(range(256)) * 1500,
    'demo/tool.sh': b'#!/bin/sh\\necho tool\\n',
}
if fmt != tarfile.USTAR_FORMAT:
    files['demo/\\u00e9\\u4e2d.txt'] = b'name\\n'
    files['demo/' + 'n' * 180 + '.txt'] = b'long\\n'
os.makedirs('demo_pkg-1.0/demo.egg-info')
for name, data in [*files.items(), ('PKG-INFO', meta)]:
    target = os.path.join('demo_pkg-1.0', name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, 'wb') as out: out.write(data)
os.chmod('demo_pkg-1.0/demo/tool.sh', 0o775)
os.symlink('tool.sh', 'demo_pkg-1.0/demo/link.sh')
with tarfile.open('demo_pkg-1.0.tar.gz', 'w:gz', format=fmt) as out: out.add('demo_pkg-1.0')
info = 'demo_pkg-1.0.dist-info/'
members = {**files, info + 'METADATA': meta,
           info + 'WHEEL': b'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}
record = ''
with zipfile.ZipFile('demo_pkg-1.0-py3-none-any.whl', 'w', zipfile.ZIP_DEFLATED) as out:
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')
        record += f'{name},sha256={digest},{len(data)}\\n'
        entry = zipfile.ZipInfo(name, (2024, 2, 3, 4, 5, 6))
        entry.external_attr = (0o100775 if name.endswith('.sh') else 0o100664) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        out.writestr(entry, data)
    out.writestr(info + 'RECORD', record + info + 'RECORD,,\\n')
`

export const wheelName = 'demo_pkg-1.0-py3-none-any.whl'
export const sdistName = 'demo_pkg-1.0.tar.gz'

export async function buildArchives(
  folder: string,
  format: 'pax' | 'gnu' | 'ustar' = 'pax'
): Promise<{ wheel: string; sdist: string }> {
  await writeFile(path.join(folder, 'make.py'), makeArchives)
  await tool('python3', ['-I', 'make.py', format], folder)
  return { wheel: path.join(folder, wheelName), sdist: path.join(folder, sdistName) }
}
