import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readDocument } from '../../../src/documents/reading.ts'
import type { Release } from '../../../src/documents/release.ts'
import type { Try } from '../../../src/documents/try.ts'
import { publish } from '../../../src/stages/publish.ts'
import { record } from '../../../src/stages/record.ts'
import { tryPackages } from '../../../src/stages/try.ts'
import { proveRelease, makeRelease, type TestRelease } from '../support/release.ts'
import { noCredentials } from '../support/proven-release.ts'
import { project } from './project.ts'

const pyproject = project['pyproject.toml'] as string
const withScript = pyproject.replace('[tool.own]', '[project.scripts]\nsmall = "small:main"\n\n[tool.own]')

/** Tries a project of which `small/__init__.py` is this, and records what came of it. */
async function tried(
  code: string,
  config = ''
): Promise<{ release: TestRelease; result: Try; record: Release }> {
  const release = await makeRelease({
    ...project,
    'pyproject.toml': withScript,
    'small/__init__.py': code,
    ...(config === '' ? {} : { '.github/tagproof.yml': config })
  })
  const { proof } = await proveRelease(release)
  expect(proof.verdict).toBe('proven')
  const result = await tryPackages(release.context)
  return { release, result, record: await record(release.context) }
}

describe('packages that install and start', () => {
  let done: Awaited<ReturnType<typeof tried>>
  beforeAll(async () => {
    done = await tried('def main():\n    print("small")\n')
  })
  afterAll(() => done.release.remove())

  it('are told with what was run', () => {
    expect(done.result.findings).toEqual([])
    const commands = [
      { argv: ['python', '-c', 'import small'], code: 0 },
      { argv: ['small', '--help'], code: 0 }
    ]
    expect(done.result.tried.map(({ artifact, commands: ran }) => [artifact, ran])).toEqual([
      ['small-1.2.3-py3-none-any.whl', commands],
      ['small-1.2.3.tar.gz', commands]
    ])
    expect(done.record.verdict).toBe('proven')
  })

  it('are of one proof: what was tried of another is refused', async () => {
    const { context } = done.release
    const { document } = await readDocument('proof', context.out.proof)
    expect(document.verdict).toBe('proven')
    await expect(publish(context, noCredentials)).rejects.toMatchObject({ code: 'release-refused' })
  })
})

describe('packages that do not start', () => {
  it.each([
    [
      'a module that is not there',
      'import nothing_of_this_name\n',
      '',
      "No module named 'nothing_of_this_name'"
    ],
    [
      'a command of the configuration that fails',
      '',
      'targets:\n  - kind: python\n    try: [[small]]\n',
      'small ended with 1'
    ]
  ])('%s: the release is refused, though both worlds agree', async (_, code, config, message) => {
    const { release, result, record: recorded } = await tried(code, config)
    try {
      expect(result.findings[0]).toMatchObject({ check: 'try', code: 'not-started', severity: 'refuse' })
      expect(result.findings[0]?.message).toContain(message)
      expect(recorded).toMatchObject({ verdict: 'refused', artifacts: [] })
    } finally {
      await release.remove()
    }
  })
})
