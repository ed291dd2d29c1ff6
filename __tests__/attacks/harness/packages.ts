import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFile, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from '../../../src/documents/build.ts'
import type { Proof } from '../../../src/documents/proof.ts'
import { buildRelease, makeRelease, type TestRelease } from '../../real/support/release.ts'
import type { Files } from './attack.ts'
import { expectedLines, proveAgain, refusalsOf } from './gate.ts'
import type { HostilePackage, PackageAttack } from './package-attack.ts'
import { buildWithHooks, firedFrom } from './plain.ts'

export function packageSuite(attack: PackageAttack): void {
  describe(attack.title, () => {
    let release: TestRelease
    let builds: Record<'a' | 'b', Build>
    let proof: Proof
    const cases = attack.packages.map((one): [string, HostilePackage] => [one.how, one])

    beforeAll(async () => {
      release = await makeRelease(await targetsOf(attack.packages))
    })
    afterAll(() => release.remove())

    it.each(cases)(
      'by its own backend, it runs the marker where it is used: %s',
      async (_, { name, from }) => {
        const out = path.join(release.project.room, 'dist', name)
        await mkdir(out, { recursive: true })
        await buildWithHooks(release, name, out)
        expect(await firedFrom(release, out, from)).toContain(name)
        await rm(out, { recursive: true })
      }
    )

    describe('by Tagproof it is refused, with code and message', () => {
      beforeAll(async () => {
        builds = (await buildRelease(release)).builds
        proof = await proveAgain(release)
      })
      it.each(cases)('%s', (_, { name, reported, says }) => {
        const [first] = reported
        const mine = proof.findings.filter(
          ({ artifact }) =>
            artifact?.startsWith(`victim_${name}-`) === true &&
            (reported.some(({ artifact: kind }) => kind !== first?.artifact) ||
              artifact.endsWith(first?.artifact === 'sdist' ? '.gz' : '.whl'))
        )
        expect(refusalsOf(mine)).toEqual(expectedLines(reported))
        expect(mine.map(({ message }) => message).join('\n')).toContain(says)
      })
    })

    it.each(cases)(
      'with the reading switched off, bytes are compared alone, and what would be shipped runs the marker: %s',
      async (_, { name, from }) => {
        const ending = from === 'sdist' ? '.gz' : '.whl'
        const made = (['a', 'b'] as const).map((world) =>
          builds[world].targets
            .find((target) => target.name === name)
            ?.artifacts.filter((artifact) => artifact.name.endsWith(ending))
        )
        expect(made[0]).toHaveLength(1)
        expect(made[0]).toEqual(made[1])
        expect(await firedFrom(release, path.join(release.context.out.build('a'), name), from)).toContain(
          name
        )
      }
    )
  })
}

async function targetsOf(packages: readonly HostilePackage[]): Promise<Files> {
  const targets = packages.map(({ name }) => `  - { kind: python, name: ${name}, path: ${name} }\n`)
  const files: Files = { '.github/tagproof.yml': `targets:\n${targets.join('')}` }
  for (const { name, ...options } of packages)
    for (const [file, content] of Object.entries(await miniProject(name, options)))
      files[`${name}/${file}`] = content
  return files
}

/** A project with a backend of its own that needs nothing. */
export async function miniProject(
  name: string,
  { variant = '', files = {}, version = '1.2.3' }: Partial<HostilePackage>
): Promise<Files> {
  return {
    'pyproject.toml': `[build-system]
requires = []
build-backend = "mini"
backend-path = ["tools"]

[project]
name = "victim-${name}"
version = "${version}"
`,
    'tools/mini.py': await readFile(new URL('mini.py', import.meta.url), 'utf8'),
    'tools/variant.py': variant,
    [`victim_${name}/__init__.py`]: '"""An honest package."""\n',
    ...files
  }
}
