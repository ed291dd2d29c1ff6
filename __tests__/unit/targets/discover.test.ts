import { describe, expect, it } from '@jest/globals'
import type { TargetConfig } from '../../../src/documents/config.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { discoverTargets } from '../../../src/targets/discover.ts'

const package_ = '[project]\nname = "x"\nversion = "1"\n'

function target(fields: Partial<TargetConfig>): TargetConfig {
  return { kind: 'python', path: '.', packages: [], 'allow-sdists': [], ...fields }
}

function errorOf(work: () => unknown): TagproofError {
  try {
    work()
  } catch (error) {
    if (error instanceof TagproofError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('targets that the tree shows', () => {
  it('takes pyproject.toml or setup.py as a Python target called python', () => {
    for (const paths of [
      ['pyproject.toml'],
      ['setup.py'],
      ['pyproject.toml', 'setup.py', 'a/pyproject.toml']
    ])
      expect(discoverTargets({ paths, pyproject: package_ }, {}).targets).toEqual([
        { kind: 'python', name: 'python', path: '.', root: 'python' }
      ])
  })

  it('takes no pyproject.toml that only configures tools for a package', () => {
    const tree = { paths: ['pyproject.toml', 'Dockerfile'], pyproject: '[tool.ruff]\nline-length = 100\n' }
    const found = discoverTargets(tree, {})
    expect(found.targets.map((entry) => entry.kind)).toEqual(['image'])
  })

  it('leaves a pyproject.toml that is not TOML to the build, which reports its line', () => {
    expect(discoverTargets({ paths: ['pyproject.toml'], pyproject: '[[[' }, {}).targets).toHaveLength(1)
  })

  it('takes debian/ as a deb and a Dockerfile as an image, after the wheel that they may need', () => {
    const paths = ['debian/control', 'Dockerfile', 'setup.py']
    const found = discoverTargets({ paths, pyproject: null }, {})
    expect(found.targets).toEqual([
      { kind: 'python', name: 'python', path: '.', root: 'python' },
      {
        kind: 'deb',
        name: 'deb',
        path: '.',
        root: 'deb',
        deb: { mode: 'debian', changelog: 'tree' }
      },
      {
        kind: 'image',
        name: 'image',
        path: '.',
        root: 'image',
        image: {
          mode: 'dockerfile',
          repository: 'image',
          dockerfile: 'Dockerfile',
          stage: null,
          arguments: {},
          platforms: [],
          extras: [],
          requirements: []
        }
      }
    ])
    expect(found.notBuilt).toEqual([])
  })

  it('refuses a tree with nothing to build, and says what it looked for', () => {
    const error = errorOf(() => discoverTargets({ paths: ['README.md'], pyproject: null }, {}))
    expect(error.code).toBe('target-none')
    expect(error.detail.expected).toContain('setup.py')
  })
})

describe('targets that the configuration lists', () => {
  const tree = { paths: ['client/pyproject.toml', 'server/setup.py', 'setup.py'], pyproject: null }

  it('takes these alone, and names two of a kind after their folders', () => {
    const targets = [target({ path: 'client' }), target({ path: 'server', root: 'special' })]
    expect(discoverTargets(tree, { targets }).targets).toEqual([
      { kind: 'python', name: 'python-client', path: 'client', root: 'python' },
      { kind: 'python', name: 'python-server', path: 'server', root: 'special' }
    ])
  })

  it('refuses two targets of one name', () => {
    const targets = [target({ name: 'x' }), target({ name: 'x', path: 'client' })]
    expect(errorOf(() => discoverTargets(tree, { targets })).code).toBe('config-invalid')
  })

  it('refuses a folder that holds no project', () => {
    const error = errorOf(() => discoverTargets(tree, { targets: [target({ path: 'docs' })] }))
    expect(error.code).toBe('target-none')
    expect(error.detail.found).toContain('docs/')
  })
})

describe('targets that are asked for', () => {
  const tree = { paths: ['setup.py', 'Dockerfile'], pyproject: null }

  it('chooses by name', () => {
    expect(discoverTargets(tree, {}, ['python'])).toEqual({
      targets: [{ kind: 'python', name: 'python', path: '.', root: 'python' }],
      notBuilt: [expect.objectContaining({ kind: 'image' })]
    })
  })

  it('brings the target whose wheel is taken', () => {
    expect(discoverTargets(tree, {}, ['image']).targets.map(({ name }) => name)).toEqual(['python', 'image'])
  })

  it('refuses a name that does not exist, and lists those that do', () => {
    const error = errorOf(() => discoverTargets(tree, {}, ['wheel']))
    expect(error.code).toBe('target-unknown')
    expect(error.detail.expected).toContain('python')
  })
})
