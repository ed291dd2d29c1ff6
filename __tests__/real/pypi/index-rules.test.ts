import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { unknownClassifiers } from '../../../src/formats/python/classifiers.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { indexFindings } from '../../../src/proof/pypi/findings.ts'
import { indexRules } from '../../../src/proof/pypi/rules.ts'
import { forgeZip, paxRecord, tarExtension, tarMember } from '../../unit/formats/forge.ts'
import { candidateOf, honest, tarLikeContent, withFields, type Package } from './packages.ts'

let room: string
beforeAll(async () => {
  room = await mkdtemp(path.join(tmpdir(), 'tagproof-index-rules-'))
})
afterAll(() => rm(room, { recursive: true, force: true }))

const { sdist, wheel } = honest
const info = wheel.folder
const withFiles = (base: Package, files: Package['files']): Package => ({
  ...base,
  files: { ...base.files, ...files }
})
const inRst = (description: string): Package => ({
  ...withFields('wheel', { 'Description-Content-Type': 'text/x-rst' }),
  description
})

/** For each rule a package that breaks it alone. */
const broken: [string, 'refuse' | 'warn' | 'note', Package][] = [
  ['index-metadata-version', 'refuse', withFields('wheel', { 'Metadata-Version': '2.9' })],
  ['index-field-twice', 'refuse', withFields('wheel', { Summary: 'a\nSummary: b' })],
  ['index-field-too-new', 'refuse', withFields('wheel', { 'Import-Name': 'herald' })],
  ['index-name', 'refuse', { ...withFields('sdist', { Name: 'herald!' }), file: 'herald!-1.4.0.tar.gz' }],
  [
    'index-version',
    'refuse',
    { ...withFields('sdist', { Version: '1.4.0+g12' }), file: 'herald-1.4.0+g12.tar.gz' }
  ],
  ['index-summary', 'refuse', withFields('wheel', { Summary: 'x'.repeat(513) })],
  ['index-email', 'refuse', withFields('wheel', { 'Author-email': 'ann' })],
  ['index-classifier', 'warn', withFields('wheel', { Classifier: 'Framework :: Herald' })],
  ['index-classifier', 'refuse', withFields('wheel', { Classifier: 'Private :: Herald' })],
  ['index-classifier', 'refuse', withFields('wheel', { Classifier: 'Natural Language :: Ukranian' })],
  ['index-url', 'refuse', withFields('wheel', { 'Project-URL': 'Home, herald.example' })],
  ['index-content-type', 'refuse', withFields('wheel', { 'Description-Content-Type': 'text/html' })],
  ['index-description', 'refuse', { ...wheel, description: '\n\n' }],
  ['index-description', 'refuse', inRst('See :class:`Herald`.\n')],
  ['index-description-missing', 'note', { ...wheel, description: '' }],
  ['index-description-unchecked', 'note', inRst('Herald\n======\n\nNews.\n')],
  [
    'index-requirement',
    'refuse',
    withFields('wheel', { 'Requires-Dist': 'lib @ https://lib.example/lib.whl' })
  ],
  ['index-requires-python', 'refuse', withFields('wheel', { 'Requires-Python': '3.9+' })],
  ['index-extra', 'refuse', withFields('wheel', { 'Provides-Extra': 'all!' })],
  ['index-dynamic', 'refuse', withFields('wheel', { Dynamic: 'Version' })],
  [
    'index-import-name',
    'refuse',
    withFields('wheel', { 'Metadata-Version': '2.5', 'Import-Name': 'herald.class' })
  ],
  ['index-license-expression', 'refuse', withFields('wheel', { 'License-Expression': 'Apache 2.0' })],
  ['index-license-twice', 'refuse', withFields('wheel', { License: 'MIT' })],
  ['index-license-file', 'refuse', withFields('wheel', { 'License-File': 'COPYING' })],
  ['index-license-file', 'refuse', withFields('sdist', { 'License-File': '../LICENSE' })],
  ['index-file-name', 'refuse', { ...sdist, file: 'Herald-1.4.0.tar.gz' }],
  ['index-file-name', 'refuse', { ...sdist, file: 'herald-1.4.tar.gz' }],
  ['index-file-name', 'refuse', withFields('wheel', { Version: '1.4.1' })],
  [
    'index-file-name',
    'refuse',
    { ...wheel, file: `herald-1.4.0-py3-none-${Array(56).fill('any').join('.')}.whl` }
  ],
  ['index-platform-tag', 'refuse', { ...wheel, file: 'herald-1.4.0-py3-none-linux_x86_64.whl' }],
  ['index-platform-tag', 'refuse', { ...wheel, file: 'herald-1.4.0-py3-none-macosx_11_3_arm64.whl' }],
  [
    'index-dist-info',
    'refuse',
    { ...wheel, folder: 'Herald-1.4.0.dist-info', files: { 'Herald-1.4.0.dist-info/licenses/LICENSE': '' } }
  ],
  [
    'index-entry-points',
    'refuse',
    withFiles(wheel, { [`${info}/entry_points.txt`]: '[console_scripts]\n../herald = herald:main\n' })
  ],
  [
    'index-protected-code',
    'refuse',
    withFiles(wheel, { 'core.py': '__pyarmor__(__name__, __file__, b"x")\n' })
  ],
  [
    'index-protected-code',
    'refuse',
    withFiles(sdist, { 'herald-1.4.0/core.pye': '---BEGIN PYE FILE---\n---END PYE FILE---\n' })
  ],
  [
    'index-polyglot',
    'refuse',
    { ...withFiles(sdist, { 'herald-1.4.0/z.zip': forgeZip([{ name: 'a' }]) }), level: 0 }
  ],
  ['index-polyglot', 'refuse', { ...wheel, files: { a: tarLikeContent(), ...wheel.files } }],
  ['index-size', 'warn', wheel]
]

describe('a rule of the index', () => {
  it.each(['sdist', 'wheel'] as const)('lets an honest %s pass', async (kind) => {
    expect(indexFindings(await candidateOf(honest[kind], room))).toEqual([])
  })

  it.each(broken)('%s says it alone (%s)', async (code, severity, wanted) => {
    const candidate = await candidateOf(wanted, room)
    if (code === 'index-size') candidate.distribution.size = 101 * 2 ** 20
    const findings = indexFindings(candidate)
    expect(findings.map((finding) => [finding.code, finding.severity])).toEqual(
      expect.arrayContaining([[code, severity]])
    )
    const others = findings.filter((finding) => finding.code !== code && finding.severity !== 'note')
    expect(others).toEqual([])
    expect(
      findings.every(
        ({ check, artifact, fix }) => check === 'policy' && artifact === wanted.file && fix !== ''
      )
    ).toBe(true)
  })

  it('is shown by a case, each of them', () => {
    const shown = new Set(broken.map(([code]) => code))
    expect(indexRules.map(({ code }) => code).filter((code) => !shown.has(code))).toEqual([])
  })

  it('calls those files polyglot that Python takes for both', async () => {
    const ask = `import sys, tarfile, zipfile
print(*[f"{zipfile.is_zipfile(f)}/{tarfile.is_tarfile(f)}" for f in sys.argv[1:]])`
    const places: string[] = []
    const plain = { ...sdist, file: 'herald-1.4.1.tar.gz' }
    for (const [code, , wanted] of [...broken, ['index-polyglot', 'refuse', plain] as const]) {
      if (code !== 'index-polyglot') continue
      await candidateOf(wanted, room)
      places.push(path.join(room, wanted.file))
    }
    const said = await runChecked('python3', ['-c', ask, ...places], { env: plainEnvironment })
    expect(said.trim()).toBe('True/True True/True False/True')
  })

  it('names the classifiers that the index is to be asked about', async () => {
    const Classifier =
      'Framework :: Herald\nClassifier: Typing :: Typed\nClassifier: Private :: X\nClassifier: Framework :: Herald'
    const { upload } = await candidateOf(withFields('wheel', { Classifier }), room)
    expect(unknownClassifiers(upload)).toEqual(['Framework :: Herald'])
  })
})

/** Metadata that would keep a careless reader busy for hours, or fill its memory. */
const hostile: [string, Package][] = [
  ['a description of empty lines', { ...inRst('\n'.repeat(2 ** 20)), level: 0 }],
  ['a description of one line', inRst(' :a'.repeat(2 ** 19))],
  ['many classifiers', withFields('wheel', { Classifier: `x${'\nClassifier: x'.repeat(2 ** 16)}` })],
  ['many labels', withFields('wheel', { 'Project-URL': `x,${'\nProject-URL: x,'.repeat(2 ** 16)}` })],
  ['an address of quotes', withFields('wheel', { 'Author-email': '\\"'.repeat(2 ** 19) })],
  ['brackets of a licence', withFields('wheel', { 'License-Expression': '('.repeat(2 ** 20) })],
  ['brackets of a marker', withFields('wheel', { 'Requires-Dist': `a;${'('.repeat(2 ** 20)}` })],
  ['a long version', withFields('wheel', { 'Requires-Python': `>=${'1.'.repeat(2 ** 19)}` })],
  ['a long type', withFields('wheel', { 'Description-Content-Type': '"\\'.repeat(2 ** 19) })],
  [
    'spaces in entry points',
    withFiles(wheel, { [`${info}/entry_points.txt`]: `[x]\na${' '.repeat(2 ** 20)}b\n` })
  ]
]

describe('hostile metadata', () => {
  it.each(hostile)('%s is judged at once, and told in few words', async (_, wanted) => {
    const candidate = await candidateOf(wanted, room)
    const begun = performance.now()
    expect(indexFindings(candidate).length).toBeLessThan(60)
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})

it('a rule that would say a thing very often counts the rest, which weighs no more than it should', async () => {
  const many = Array.from({ length: 50 }, (_, at) => `Framework :: Herald ${at}`)
  const findingsFor = async (values: string[]) => {
    const candidate = await candidateOf(
      withFields('wheel', { Classifier: values.join('\nClassifier: ') }),
      room
    )
    return indexFindings(candidate)
  }
  const unknown = await findingsFor(many)
  expect(unknown.map(({ severity }) => severity)).toEqual(Array(21).fill('warn'))
  expect(unknown.at(-1)?.message).toBe('30 more of the same are not shown.')
  expect((await findingsFor([...many, 'Private :: Herald'])).at(-1)?.severity).toBe('refuse')
})

/** What the index says of the structure of archives, the readers say themselves. */
const malformed: [string, string, Package][] = [
  ['a comment of the zip', 'zip', { ...wheel, zip: { endComment: 'hello' } }],
  ['data behind the zip', 'zip', { ...wheel, zip: { tail: Buffer.from('hello') } }],
  ['data before the zip', 'before', { ...wheel, zip: { prefix: Buffer.from('hello') } }],
  ['another compression', 'method', { ...wheel, entries: { method: 12 } }],
  [
    'a bomb',
    '50 times',
    { ...withFiles(wheel, { 'zeros.bin': Buffer.alloc(65 * 2 ** 20) }), entries: { method: 8 } }
  ],
  ['a sparse member', 'tar', { ...sdist, members: [tarMember('herald-1.4.0/s', '', { 156: 'S' })] }],
  [
    'a sparse member by extended header',
    'tar',
    {
      ...sdist,
      members: [
        tarExtension('x', paxRecord('GNU.sparse.major', '1') + paxRecord('GNU.sparse.minor', '0')),
        tarMember('herald-1.4.0/s', '')
      ]
    }
  ],
  ['two top folders', 'top folder', withFiles(sdist, { 'other/x.py': '' })],
  ['a build tag without a number', 'file name', { ...wheel, file: 'herald-1.4.0-x1-py3-none-any.whl' }],
  ['no PKG-INFO', 'PKG-INFO', { ...sdist, folder: 'herald-1.4.0/src' }],
  ['two .dist-info folders', '.dist-info', withFiles(wheel, { 'other-1.dist-info/METADATA': '' })]
]

describe('the structure of an archive', () => {
  it.each(malformed)('%s is refused by its reader', async (_, says, wanted) => {
    await expect(candidateOf(wanted, room)).rejects.toMatchObject({
      code: 'archive-invalid',
      message: expect.stringContaining(says) as unknown
    })
  })
})
