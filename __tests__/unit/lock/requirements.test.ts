import { describe, expect, it } from '@jest/globals'
import type { PythonLock } from '../../../src/documents/lock.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { checkHashes, readRequirements } from '../../../src/lock/requirements.ts'
import { statedDependencies } from '../../../src/lock/requirements-stated.ts'
import { parseRequirementsText } from '../../../src/lock/requirements-text.ts'
import { thrownBy } from '../../support/thrown.ts'

const hash = sha256OfBytes('x')
const requirementsOf = (text: string): string[] =>
  parseRequirementsText(text, 'requirements.txt').requirements.map(({ requirement }) => requirement)

describe('a requirements file', () => {
  it('is read as pip-compile writes it', () => {
    const text = `\uFEFF#
# This file is made by pip-compile
#
--require-hashes
flask[async]==3.1.3 ; python_version >= "3.9" \\
    --hash=sha256:${hash} \\
    --hash=sha256:${'b'.repeat(64)}
    # via -r requirements.in
six == 1.16.0  # via x
PyYAML>=6,!=6.0.0 , <7
zope.interface (>=6)
plain\r
-r more.txt
-c constraints.txt
--requirement=other.txt
`
    const { requirements, includes } = parseRequirementsText(text, 'r.txt')
    expect(requirements).toEqual([
      {
        requirement: 'flask[async]==3.1.3 ; python_version >= "3.9"',
        sha256: [hash, 'b'.repeat(64)],
        where: 'r.txt:5'
      },
      { requirement: 'six == 1.16.0', sha256: [], where: 'r.txt:9' },
      { requirement: 'PyYAML>=6,!=6.0.0 , <7', sha256: [], where: 'r.txt:10' },
      { requirement: 'zope.interface (>=6)', sha256: [], where: 'r.txt:11' },
      { requirement: 'plain', sha256: [], where: 'r.txt:12' }
    ])
    expect(includes.map(({ kind, path, where }) => `${kind} ${path} ${where}`)).toEqual([
      'requirements more.txt r.txt:13',
      'constraints constraints.txt r.txt:14',
      'requirements other.txt r.txt:15'
    ])
  })

  it('joins lines at a backslash as pip does, where a comment ends the line', () => {
    expect(requirementsOf('a\\\n==1\nc==1 \\\n# end\nd')).toEqual(['a==1', 'c==1', 'd'])
  })

  it.each([
    ['--index-url http://x.test/simple', 'PIP_INDEX_URL'],
    ['-i http://x.test', 'PIP_INDEX_URL'],
    ['--extra-index-url=http://x.test', 'PIP_INDEX_URL'],
    ['-e .', 'wheel of the release'],
    ['--no-binary markdown', 'allow-sdists'],
    ['--pre', 'pre-release'],
    ['--use-feature=fast-deps', 'no place'],
    ['flask @ http://x.test/flask.whl', 'address'],
    ['git+http://x.test/flask', 'address'],
    ['./vendor/flask.whl', 'address'],
    ['flask==1 --global-option=x', 'options'],
    ['flask==${VERSION}', 'Correct'],
    ['flask=1', 'Correct'],
    [`flask==1 --hash=md5:${'0'.repeat(32)}`, 'Correct'],
    [`flask==1 --hash=sha256:${'0'.repeat(63)}`, 'Correct'],
    ['-r http://x.test/r.txt', 'Commit'],
    ['-r /etc/r.txt', 'Commit']
  ])('is refused with file and line for %s', (line, fix) => {
    const error = thrownBy(() => parseRequirementsText(`# one\n${line}\n`, 'r.txt')) as {
      detail: { fix: string }
    }
    expect(error).toMatchObject({ code: 'config-invalid', detail: { where: 'r.txt:2' } })
    expect(error.detail.fix).toContain(fix)
  })

  it('is read in time that follows its size', () => {
    const from = Date.now()
    for (const line of [
      'a'.repeat(19_000),
      `a==${'1.'.repeat(9000)}`,
      `a${' '.repeat(19_000)}=`,
      'a;'.repeat(9000)
    ])
      thrownBy(() => {
        parseRequirementsText(`${line}\n-x`, 'r.txt')
      })
    expect(Date.now() - from).toBeLessThan(2000)
  })
})

describe('requirements files that take in others', () => {
  const reading =
    (tree: Record<string, string>) =>
    (file: string): Promise<string | null> =>
      Promise.resolve(tree[file] ?? null)

  it('are read relative to each other; constraints choose nothing', async () => {
    const tree = {
      'req/all.txt': '-r base.txt\n-c ../pins.txt\nflask',
      'req/base.txt': 'six',
      'pins.txt': '-r more.txt\nflask==3',
      'more.txt': 'six<2'
    }
    expect(await readRequirements(['req/all.txt'], reading(tree))).toEqual({
      asked: { 'req/all.txt': ['flask'], 'req/base.txt': ['six'] },
      constraints: ['flask==3', 'six<2'],
      hashed: []
    })
  })

  it.each([
    [{ 'r.txt': '-r r.txt' }, 'r.txt:1'],
    [{ 'r.txt': 'six\n-r gone.txt' }, 'r.txt:2'],
    [{ 'r.txt': '-r ../outside.txt' }, 'r.txt:1'],
    [{}, 'requirements']
  ])('are refused where they lead nowhere: %j', async (tree, where) => {
    await expect(readRequirements(['r.txt'], reading(tree))).rejects.toMatchObject({
      code: 'config-invalid',
      detail: { where }
    })
  })
})

describe('hashes of a requirements file', () => {
  const locked = (name: string): PythonLock => ({
    interpreter: '3.11.2',
    requested: [],
    packages: [{ name, version: '1', file: `${name}-1.whl`, size: 1, sha256: hash, because: ['r.txt'] }]
  })
  const lines = (text: string) => parseRequirementsText(text, 'r.txt').requirements

  it('must be those of the files that are locked', () => {
    expect(() => {
      checkHashes(locked('six'), lines(`Six==1 --hash=sha256:${hash}`))
    }).not.toThrow()
    expect(
      thrownBy(() => checkHashes(locked('six'), lines(`six==1 --hash=sha256:${'b'.repeat(64)}`)))
    ).toMatchObject({
      code: 'hash-mismatch',
      detail: { where: 'r.txt:1' }
    })
    expect(thrownBy(() => checkHashes(locked('other'), lines(`six==1 --hash=sha256:${hash}`)))).toMatchObject(
      {
        code: 'lock-unresolvable'
      }
    )
  })

  it('are not asked for where there are none', () => {
    expect(() => {
      checkHashes(locked('six'), [])
    }).not.toThrow()
  })
})

describe('what a project states of its dependencies', () => {
  const none = { folder: '', pyproject: null, setupCfg: null, setupPy: null }
  const toml = `[project]
name = "Her.ald"
dependencies = ["six"]
[project.optional-dependencies]
web = ["flask"]
All_Of = ["her-ald[web]", "mako"]
`

  it('is read from [project], with the extras that are asked for', () => {
    expect(statedDependencies({ ...none, pyproject: toml }, [])).toEqual({
      name: 'her-ald',
      by: 'project.dependencies',
      requirements: ['six']
    })
    expect(statedDependencies({ ...none, pyproject: toml }, ['all-of']).requirements).toEqual([
      'six',
      'mako',
      'flask'
    ])
    expect(thrownBy(() => statedDependencies({ ...none, pyproject: toml }, ['no']))).toMatchObject({
      code: 'config-invalid'
    })
  })

  it('is read from setup.cfg, unless code adds to it', () => {
    const setupCfg =
      '[metadata]\nname = ckan\n[options]\ninstall_requires =\n  setuptools >= 44.1.0,<82\n  six\n'
    expect(statedDependencies({ ...none, setupCfg, setupPy: 'setup()' }, [])).toEqual({
      name: 'ckan',
      by: 'setup.cfg: install_requires',
      requirements: ['setuptools >= 44.1.0,<82', 'six']
    })
    expect(statedDependencies({ ...none, setupCfg, setupPy: 'setup(install_requires=x)' }, []).by).toBeNull()
    expect(
      statedDependencies({ ...none, setupCfg: setupCfg.replace('\n  setuptools', ' file: r.txt\n  ') }, []).by
    ).toBeNull()
  })

  it('is unknown where it is dynamic, or nowhere', () => {
    expect(
      statedDependencies(
        { ...none, pyproject: toml.replace('dependencies = ["six"]', 'dynamic = ["dependencies"]') },
        []
      ).by
    ).toBeNull()
    expect(statedDependencies(none, []).by).toBeNull()
  })
})
