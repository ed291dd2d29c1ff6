import { describe, expect, it } from '@jest/globals'
import { sha256 } from '../../../src/documents/identifiers.ts'
import type { Lock, RootLock } from '../../../src/documents/lock.ts'
import { aptConfiguration } from '../../../src/lock/apt-isolated.ts'
import { parseRelease } from '../../../src/lock/apt-host.ts'
import {
  formatAptSources,
  parseDeb822Sources,
  parseMirrorList,
  parseOneLineSources,
  sourcesOfSuite
} from '../../../src/lock/apt-sources.ts'
import { explainLock, lockChanges } from '../../../src/lock/changes.ts'
import { formatLock, parseLock } from '../../../src/lock/lock-file.ts'
import { parsePrintUris } from '../../../src/lock/debian.ts'
import { parseNetrc, withNetrc } from '../../../src/lock/netrc.ts'
import { snapshotUrls } from '../../../src/lock/origins.ts'
import {
  mergePipConfiguration,
  parsePipConfiguration,
  pipConfigurationFiles
} from '../../../src/lock/pip-configuration.ts'
import { parsePipReport, reasons, requirementName, type ResolvedFile } from '../../../src/lock/pip-report.ts'
import { pipArguments, pipEnvironment } from '../../../src/lock/pip-run.ts'
import { fewerConstraints } from '../../../src/lock/python.ts'
import { parseHtmlPage, parseJsonPage } from '../../../src/lock/simple-index.ts'

describe('sources of apt', () => {
  it('are read from the one-line format', () => {
    const text = [
      '# deb http://a.test/x s main',
      'deb [arch=amd64 signed-by=/k.gpg] http://a.test/debian/ stable main contrib # note',
      'deb-src http://a.test/debian stable main',
      'deb http://b.test stable-updates main'
    ].join('\n')
    expect(parseOneLineSources(text)).toEqual([
      {
        uris: ['http://a.test/debian'],
        suites: ['stable'],
        components: ['main', 'contrib'],
        signedBy: '/k.gpg'
      },
      { uris: ['http://b.test'], suites: ['stable-updates'], components: ['main'], signedBy: null }
    ])
  })

  it('are read from the deb822 format, with an embedded key, and without what is disabled', () => {
    const text = [
      'Types: deb deb-src',
      '# a comment',
      'URIs: http://a.test/ubuntu/',
      'Suites: noble noble-updates',
      ' noble-backports',
      'Components: main universe',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' abc',
      ' -----END PGP PUBLIC KEY BLOCK-----',
      '',
      'Enabled: no',
      'Types: deb',
      'URIs: http://off.test',
      'Suites: noble',
      'Components: main'
    ].join('\n')
    const sources = parseDeb822Sources(text)
    expect(sources).toHaveLength(1)
    expect(sources[0]?.suites).toEqual(['noble', 'noble-updates', 'noble-backports'])
    expect(sources[0]?.signedBy).toBe(
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----'
    )
    expect(parseDeb822Sources(formatAptSources(sources, 'amd64'))).toEqual(sources)
  })

  it('of a suite are itself and its pockets alone', () => {
    const source = (suites: string[]) => ({
      uris: ['http://a.test'],
      suites,
      components: ['main'],
      signedBy: null
    })
    const all = [
      source(['noble', 'noble-updates', 'noble-backports', 'noble-proposed']),
      source(['noble-security']),
      source(['jammy'])
    ]
    expect(sourcesOfSuite(all, 'noble').map((entry) => entry.suites)).toEqual([
      ['noble', 'noble-updates'],
      ['noble-security']
    ])
  })

  it('never carry an option that weakens the check of signatures', () => {
    const sources = parseOneLineSources('deb [trusted=yes allow-insecure=yes] http://a.test stable main')
    expect(formatAptSources(sources, 'amd64')).not.toMatch(/trusted|insecure/i)
    expect(aptConfiguration('/w', 'amd64', [])).toMatch(/AllowInsecureRepositories "false"/)
  })

  it('may be a list of mirrors with priorities', () => {
    expect(
      parseMirrorList('# x\nhttp://b.test/u/ priority:2\nhttp://a.test/u/\tpriority:1\nhttp://c.test/u\n')
    ).toEqual(['http://a.test/u', 'http://b.test/u', 'http://c.test/u'])
  })

  it('have indexes whose fields are read through the signature', () => {
    const text =
      '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Example\nCodename: stable\nSHA256:\n abc 1 x\n-----BEGIN PGP SIGNATURE-----\n'
    expect(parseRelease(text).get('codename')).toBe('stable')
  })

  it('are planned with names, versions and epochs', () => {
    const text =
      "'http://a.test/p/m/g%2b%2b_12%3a1%7ex_amd64.deb' g++_4%3a12.2.0-3_amd64.deb 1356 MD5Sum:0\nnoise\n"
    expect(parsePrintUris(text)).toEqual([
      {
        address: 'http://a.test/p/m/g++_12:1~x_amd64.deb',
        name: 'g++',
        version: '4:12.2.0-3',
        architecture: 'amd64'
      }
    ])
  })
})

describe('the configuration of pip', () => {
  it('is read from ini files with continuations and both separators', () => {
    const values = parsePipConfiguration(
      '; c\n[global]\nindex-url = https://a.test/simple\nextra_index_url:\n  https://b.test/s\n  https://c.test/s\n[install]\nno-index = true\n'
    )
    expect(values.get('global.index-url')).toBe('https://a.test/simple')
    expect(values.get('global.extra-index-url')).toBe('https://b.test/s\nhttps://c.test/s')
    expect(values.get('install.no-index')).toBe('true')
  })

  it('prefers variables over sections for install over global ones, and later files over earlier', () => {
    const files = [
      '[global]\nindex-url=https://1.test\ntimeout=5\n',
      '[global]\nindex-url=https://2.test\n'
    ].map(parsePipConfiguration)
    expect(mergePipConfiguration(files, {}).indexUrl).toBe('https://2.test')
    const install = parsePipConfiguration('[install]\nindex-url=https://3.test\n')
    expect(mergePipConfiguration([install, ...files], {}).indexUrl).toBe('https://3.test')
    expect(mergePipConfiguration(files, { PIP_INDEX_URL: 'https://4.test' }).indexUrl).toBe('https://4.test')
    expect(mergePipConfiguration([], {}).indexUrl).toBeNull()
    expect(mergePipConfiguration(files, { PIP_FIND_LINKS: '/a /b', SSL_CERT_FILE: '/c.pem' })).toMatchObject({
      findLinks: ['/a', '/b'],
      cert: '/c.pem',
      timeout: '5'
    })
  })

  it('can be switched off, as pip documents it', () => {
    expect(pipConfigurationFiles({ PIP_CONFIG_FILE: '/dev/null', HOME: '/h' })).toEqual([])
    expect(pipConfigurationFiles({ HOME: '/h' })).toContain('/h/.config/pip/pip.conf')
  })

  it('reaches the pip of the root by name, with netrc in the URLs and nothing else of the environment', () => {
    const configuration = mergePipConfiguration([], { PIP_INDEX_URL: 'https://a.test/simple' })
    const netrc = parseNetrc('machine a.test login me password p@ss\n')
    const environment = pipEnvironment({ configuration, netrc }, '/c.pem', {
      HTTPS_PROXY: 'http://p.test',
      GITHUB_TOKEN: 'x',
      PIP_EVIL: '1'
    })
    expect(environment).toMatchObject({
      PIP_INDEX_URL: 'https://me:p%40ss@a.test/simple',
      PIP_CERT: '/c.pem',
      https_proxy: 'http://p.test',
      PIP_CONFIG_FILE: '/dev/null'
    })
    expect(Object.keys(environment)).not.toContain('GITHUB_TOKEN')
    expect(Object.keys(environment)).not.toContain('PIP_EVIL')
    expect(pipArguments(['--index-url=https://evil.test'], '/c').slice(-2)).toEqual([
      '--',
      '--index-url=https://evil.test'
    ])
  })

  it('has credentials by host; macros and comments are not read as such', () => {
    const netrc = parseNetrc(
      '# machine no.test login a password b\nmacdef init\nmachine bad.test login a password b\n\nmachine a.test\n login u\n password p\ndefault login x password y\n'
    )
    expect([...netrc.keys()]).toEqual(['a.test'])
    expect(withNetrc('https://a.test/s', netrc)).toBe('https://u:p@a.test/s')
    expect(withNetrc('https://v:w@a.test/s', netrc)).toBe('https://v:w@a.test/s')
    expect(withNetrc('https://b.test/s', netrc)).toBe('https://b.test/s')
  })
})

describe('pages of a simple index', () => {
  const base = new URL('https://a.test/simple/x/')
  it('are read as JSON', () => {
    const page = JSON.stringify({
      files: [{ filename: 'x-1.whl', url: '../../f/x-1.whl#sha256=0', hashes: { sha256: 'AB' }, size: 3 }]
    })
    expect(parseJsonPage(page, base)).toEqual([
      { file: 'x-1.whl', url: 'https://a.test/f/x-1.whl', sha256: 'ab', size: 3 }
    ])
  })

  it.each([
    '',
    '[]',
    'null',
    '{}',
    '{"files": {}}',
    '{"files": [1]}',
    '{"files": [{"filename": "x", "url": "javascript:alert(1)"}]}',
    '<html>'
  ])('are refused when they are no such JSON: %s', (text) =>
    expect(() => parseJsonPage(text, base)).toThrow(/no page of a package index/)
  )

  it('are read as HTML, with a base, entities and fragments', () => {
    const html = `<html><head><base href="https://f.test/d/"></head><a data-x="1" href="x-1.0%2Blocal-py3-none-any.whl#sha256=${'a'.repeat(64)}">x</a><a href='y.zip?a=1&amp;b=2'>y</a><a href="mailto:x">m</a>`
    expect(parseHtmlPage(html, base, 'text/html')).toEqual([
      {
        file: 'x-1.0+local-py3-none-any.whl',
        url: 'https://f.test/d/x-1.0%2Blocal-py3-none-any.whl',
        sha256: 'a'.repeat(64),
        size: null
      },
      { file: 'y.zip', url: 'https://f.test/d/y.zip?a=1&b=2', sha256: null, size: null }
    ])
    expect(() => parseHtmlPage('x', base, 'image/png')).toThrow(/no page of a package index/)
  })
})

describe('the report of pip', () => {
  const file = (name: string, requires: string[] = []): ResolvedFile => ({
    name,
    version: '1',
    url: '',
    file: '',
    sha256: null,
    requested: false,
    direct: false,
    requires
  })

  it('gives interpreter, files and hashes of both forms', () => {
    const item = (name: string, archive: object) => ({
      download_info: { url: `https://a.test/${name}-1%2Bx-py3-none-any.whl`, archive_info: archive },
      is_direct: false,
      requested: true,
      metadata: { name: `${name}.X_y`, version: '1+x' }
    })
    const report = JSON.stringify({
      version: '1',
      install: [
        item('a', { hash: `sha256=${'a'.repeat(64)}` }),
        item('b', { hashes: { sha256: 'b'.repeat(64) } })
      ],
      environment: { python_full_version: '3.11.2' }
    })
    const { interpreter, files } = parsePipReport(report)
    expect(interpreter).toBe('3.11.2')
    expect(files.map((entry) => [entry.name, entry.file, entry.sha256?.[0]])).toEqual([
      ['a-x-y', 'a-1+x-py3-none-any.whl', 'a'],
      ['b-x-y', 'b-1+x-py3-none-any.whl', 'b']
    ])
    expect(() => parsePipReport('{"version": "2"}')).toThrow(/not of a version/)
  })

  it('tells who asks for what; extras count only where nothing else asks', () => {
    const files = [
      file('a', ['b>=1', "c; extra == 'more'", "b; extra == 'x'"]),
      file('b', ['d ; python_version < "4"']),
      file('c'),
      file('d')
    ]
    const found = reasons(files, [{ by: 'build-system.requires', requirement: 'A[more]>=1' }])
    expect(Object.fromEntries(found)).toEqual({ a: ['build-system.requires'], b: ['a'], c: ['a'], d: ['b'] })
    expect(requirementName('Zope.Interface [x] (>=1)')).toBe('zope-interface')
  })

  it('drops the constraints that stand in the way, and all where pip names none', () => {
    expect(fewerConstraints(['a==1', 'b==2'], 'Cannot install a>2 because')).toEqual(['b==2'])
    expect(fewerConstraints(['a==1', 'b==2'], 'Collecting b==2\nERROR: Cannot install a>2')).toEqual(['b==2'])
    expect(fewerConstraints(['a==1'], 'who knows')).toEqual([])
  })
})

describe('snapshots', () => {
  const root = { indexes: [{ suite: 's', date: 'Sat, 11 Jul 2026 10:16:37 UTC' }] } as RootLock
  const entry = { suite: 's', file: 'pool/g++_1~x.deb' } as RootLock['packages'][number]
  it('are asked for a time after the index, by a template or a base', () => {
    expect(snapshotUrls('https://s.test/@SNAPSHOTID@/', root, entry)).toEqual([
      'https://s.test/20260711T161637Z/pool/g++_1~x.deb',
      'https://s.test/20260712T101637Z/pool/g++_1~x.deb'
    ])
    expect(snapshotUrls('https://s.test/a/', root, entry)[0]).toBe(
      'https://s.test/a/20260711T161637Z/pool/g++_1~x.deb'
    )
  })
})

describe('what changed between two locks', () => {
  const entry = (name: string, version: string, digit: string) => ({
    name,
    version,
    file: `${name}.whl`,
    size: 1,
    sha256: sha256(digit.repeat(64)),
    because: ['build-system.requires']
  })
  const lock = (packages: ReturnType<typeof entry>[], requested = ['a']): Lock => ({
    schema: 'tagproof/lock/1',
    roots: {},
    python: { python: { interpreter: '3.11.2', requested, packages } }
  })

  it('is told by package, and the same version with other bytes stands out', () => {
    const before = lock([entry('a', '1', '1'), entry('b', '1', '2'), entry('c', '1', '3')])
    const after = lock([entry('a', '2', '4'), entry('c', '1', '5'), entry('d', '1', '6')], ['a', 'd'])
    expect(lockChanges(before, after)).toEqual([
      'python python: asks for d',
      'python python: a 1 → 2',
      'python python: - b 1',
      `python python: c 1 has OTHER BYTES: ${'3'.repeat(12)}… → ${'5'.repeat(12)}…`,
      'python python: + d 1'
    ])
    expect(lockChanges(after, after)).toEqual([])
    expect(lockChanges(null, after)).toEqual(['python python: new, Python 3.11.2, 3 packages'])
  })

  it('has the age of each new version, where the lock tells it', () => {
    const at = Date.UTC(2026, 1, 20, 12) / 1000
    const dated = (name: string, uploaded?: string): ReturnType<typeof entry> & { uploaded?: string } => ({
      ...entry(name, '2', '7'),
      file: `${name}-2-py3-none-any.whl`,
      ...(uploaded === undefined ? {} : { uploaded })
    })
    const before = lock(['a', 'b', 'c', 'd'].map((name) => entry(name, '1', '1')))
    const after = lock([
      dated('a', '2026-02-17T12:00:01Z'),
      dated('b', '2026-02-19T12:00:00Z'),
      dated('c', '2026-03-01T00:00:00Z'),
      dated('d')
    ])
    expect(lockChanges(before, after, at)).toEqual([
      'python python: a 1 → 2 (2 days old)',
      'python python: b 1 → 2 (1 day old)',
      'python python: c 1 → 2 (of 2026-03-01, after the commit)',
      'python python: d 1 → 2 (age not known)'
    ])
    expect(lockChanges(lock([]), after)[0]).toBe('python python: + a 2, of 2026-02-17')
    // What a lock says of a time survives writing and reading, in one form.
    const text = formatLock(after)
    expect(formatLock(parseLock(text, 'a.lock'))).toBe(text)
    expect(text).toContain('uploaded: "2026-02-17T12:00:01Z"')
    expect(() => parseLock(text.replace('2026-02-17T12:00:01Z', 'yesterday'), 'a.lock')).toThrow()
  })

  it('can be explained: who asked for each package', () => {
    expect(explainLock(lock([entry('a', '1', '1')]))).toEqual([
      'python python: Python 3.11.2, 1 packages',
      '  a 1: asked for by build-system.requires'
    ])
  })
})
