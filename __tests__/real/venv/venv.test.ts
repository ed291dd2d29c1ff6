import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { PythonLock } from '../../../src/documents/lock.ts'
import { hashFile, sha256OfBytes } from '../../../src/platform/files.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { refusalOf } from '../source/git-project.ts'
import { installed } from './installed.ts'
import { project, sdistOf, venvProject, type VenvProject } from './project.ts'

const herald = project(
  'herald',
  '1.2.3',
  ['dependencies = ["tinypure>=1"]', 'script = "herald = herald:main"', 'needs = "tinypure>=1"'],
  {
    'herald.py':
      'import ctypes, os, tinypure, tinyc\ndef main():\n    print(tinypure.WORD, tinyc.library().forty_two(), open("/etc/herald/herald.conf").read())\n'
  }
)
const files = {
  ...herald,
  LICENSE: 'Do what you like.\n',
  'requirements.txt': 'tinyc==1.0\n-c pins.txt\n',
  'pins.txt': 'tinypure<2\n',
  'conf/herald.conf': 'greeting = hello\n',
  'deploy/herald.service': '[Service]\nUser=herald\nExecStart=/usr/bin/herald\n',
  'deploy/postinst': '#!/bin/sh\nset -e\necho configured\n',
  '.github/tagproof.yml': `targets:
  - kind: python
  - kind: deb
    root: deb
    allow-sdists: [tinyc]
    venv:
      package: herald
      prefix: /usr/lib/herald
      requirements: [requirements.txt]
      commands: { herald: herald }
      files: [{ from: conf, to: /etc/herald }]
      services: [deploy/herald.service]
      scripts: { postinst: deploy/postinst }
      user: herald
      maintainer: Ada <ada@example.org>
      summary: Says what is new
`
}

const tinyc = (version: string, code: string): Record<string, string> =>
  project('tinyc', version, [], {
    'tinyc.c': code,
    'tinyc.py': `import ctypes, os\ndef library():\n    return ctypes.CDLL(os.path.join(os.path.dirname(__file__), "libtinyc.so"))\n`
  })
const honest = '#include <stdio.h>\nint forty_two(void) { puts("from C"); return 42; }\n'

let room: VenvProject
let locked: PythonLock
let a: string

/** The same lock with another sdist of the C dependency. */
function withSdist(lock: PythonLock, bytes: Buffer): PythonLock {
  const changed = { size: bytes.length, sha256: sha256OfBytes(bytes) }
  const packages = lock.packages.map((entry) => (entry.name === 'tinyc' ? { ...entry, ...changed } : entry))
  return { ...lock, packages }
}

const debOf = async (folder: string): Promise<string> => path.join(folder, (await readdir(folder))[0] ?? '')
const text = (command: string, ...args: string[]): Promise<string> =>
  runChecked(command, args, { env: { ...plainEnvironment, TZ: 'UTC' } })

beforeAll(async () => {
  room = await venvProject(files, herald)
  room.files.set('tinyc-1.0.tar.gz', sdistOf('tinyc-1.0', tinyc('1.0', honest)))
  locked = await room.lock()
  a = await room.build('a', locked)
})

afterAll(() => room.remove())

describe('the lock of a package that is made of the wheel', () => {
  it('holds what requirements file and project ask for, sdists too where they are allowed, not the wheel', () => {
    expect(locked.packages.map(({ file, because }) => `${file} ${because.join()}`)).toEqual([
      'tinyc-1.0.tar.gz requirements.txt',
      'tinypure-1.0-py3-none-any.whl project.dependencies'
    ])
    expect(locked.sdists?.['tinyc-1.0.tar.gz']?.packages.map(({ name }) => name)).toEqual(['packaging'])
  })
})

describe('a deb with a virtual environment', () => {
  it('is the same in both worlds, bit for bit, with a C dependency that is compiled in each', async () => {
    const b = await room.build('b', locked)
    expect(await readdir(b)).toEqual(['herald_1.2.3-1_amd64.deb'])
    expect(await hashFile(await debOf(b))).toEqual(await hashFile(await debOf(a)))
    const inForce = room.variations.get('b')?.filter(({ applied }) => applied) ?? []
    expect(inForce.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['build-path', 'clock', 'umask', 'hash-seed', 'directory-order', 'user-id'])
    )
    expect(inForce.find(({ name }) => name === 'build-path')?.value).toContain('/tmp in both worlds')
  })

  it('says what it is and what it needs, shared libraries too', async () => {
    const control = await text('dpkg-deb', '-f', await debOf(a))
    expect(control).toMatch(/^Version: 1\.2\.3-1\nArchitecture: amd64$/m)
    expect(control).toMatch(
      /^Depends: python3 \(>= 3\.\d+\), python3 \(<< 3\.\d+\), libc6 \(>= [\d.]+\), adduser$/m
    )
    expect(await text('dpkg-deb', '-I', await debOf(a), 'conffiles')).toBe('/etc/herald/herald.conf\n')
    expect(await text('dpkg-deb', '-I', await debOf(a), 'postinst')).toMatch(
      /adduser --system[^]*daemon-reload[^]*echo configured\n$/
    )
  })

  it('holds hash-based bytecode for the installed path, times of the tag, and modes that all may read', async () => {
    const place = await mkdtemp(path.join(tmpdir(), 'tagproof-unpacked-'))
    try {
      await text('dpkg-deb', '-x', await debOf(a), place)
      const site = (await text('find', place, '-name', 'site-packages')).trim()
      const [bytecode = ''] = (await text('find', site, '-name', 'herald.*.pyc')).trim().split('\n')
      const bytes = await readFile(bytecode)
      expect(bytes.readUInt32LE(4)).toBe(3)
      expect(bytes.includes(`${site.slice(place.length)}/herald.py`)).toBe(true)
      const odd = await text(
        'find',
        place,
        '!',
        '-newermt',
        '2024-05-06 07:08:09',
        '-newermt',
        '2024-05-06 07:08:08',
        '!',
        '-type',
        'l'
      )
      expect(odd.trim().split('\n').length).toBeGreaterThan(10)
      const wrong = await text(
        'find',
        place,
        '!',
        '-type',
        'l',
        '(',
        '!',
        '-perm',
        '-444',
        '-o',
        '-perm',
        '/022',
        ')'
      )
      expect(wrong).toBe('')
      const record = await readFile(path.join(site, 'herald-1.2.3.dist-info/RECORD'), 'utf8')
      expect(record).toMatch(/^\.\.\/\.\.\/\.\.\/bin\/herald,sha256=\S+,\d+$/m)
      expect(await readFile(path.join(place, 'usr/lib/herald/bin/herald'), 'utf8')).toMatch(
        /^#!\/usr\/lib\/herald\/bin\/python3\n/
      )
      expect(await readlink(path.join(place, 'usr/bin/herald'))).toBe('../lib/herald/bin/herald')
      expect(await readFile(path.join(place, 'usr/share/doc/herald/copyright'), 'utf8')).toBe(files.LICENSE)
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  })

  it('installs in a clean root from locked packages alone, and starts with no network', async () => {
    const said = await installed(await debOf(a), [['/usr/bin/herald'], ['getent', 'passwd', 'herald']])
    expect(said[0]).toContain('pure 42 greeting = hello')
    expect(said[1]).toMatch(/^0 herald:x:/)
  })
})

describe('what must not be in a package', () => {
  it('is refused where the lock lacks what the wheel asks for', async () => {
    const packages = locked.packages.filter(({ name }) => name !== 'tinypure')
    const error = await refusalOf(room.build('a', { ...locked, packages }))
    expect(error.code).toBe('lock-incomplete')
    expect(error.detail.found).toContain('tinypure>=1')
  })

  it('shows between the worlds where a C dependency keeps the time that it was compiled at', async () => {
    const leaky = tinyc('1.0', honest)
    leaky['cbackend.py'] =
      leaky['cbackend.py']?.replace('Generator: c', "Generator: {__import__('time').time()}") ?? ''
    const bytes = sdistOf('tinyc-1.0', leaky)
    room.files.set('tinyc-1.0.tar.gz', bytes)
    const other = withSdist(locked, bytes)
    const [one, two] = [await room.build('a', other), await room.build('b', other)]
    expect((await hashFile(await debOf(one))).sha256).not.toBe((await hashFile(await debOf(two))).sha256)
  })
})
