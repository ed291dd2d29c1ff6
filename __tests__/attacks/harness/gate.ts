import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { formatDocument } from '../../../src/documents/format.ts'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { build } from '../../../src/stages/build.ts'
import { prove } from '../../../src/stages/prove.ts'
import { buildRelease, type TestRelease } from '../../real/support/release.ts'
import type { Report, Scene } from './attack.ts'

/** Builds in both worlds and proves: what stands between the attack and a release. */
export async function throughTheGate(release: TestRelease): Promise<Proof> {
  await buildRelease(release)
  return prove(release.context, { ownPlan: true })
}

/** What is reported, one line each, in the form that `expectedLines` has. */
export function refusals(proof: Proof): string[] {
  return proof.findings
    .filter(({ severity }) => severity === 'refuse')
    .map(lineOf)
    .sort()
}

/** The lines of a report: one for each artifact that it is about. */
export function expectedLines(reports: readonly Report[]): string[] {
  return [...new Set(reports.flatMap(linesOf))].sort()
}

function linesOf({ check, code, artifact, member }: Report): string[] {
  const kinds = artifact === 'both' ? ['sdist', 'wheel'] : [artifact]
  return kinds.map((kind) => `${check}/${code}: ${kind} ${member}`)
}

function lineOf({ check, code, artifact, member }: Finding): string {
  const sdist = artifact?.endsWith('.tar.gz') === true
  const inner = sdist ? member?.slice(member.indexOf('/') + 1) : member
  return `${check}/${code}: ${sdist ? 'sdist' : 'wheel'} ${inner ?? ''}`
}

/**
 * The same release with the checks off that saw the attack: world b is built again without the variations of the
 * scene, and every other finding has a waiver for just its check, code and member.
 */
export async function withTheCheckOff(release: TestRelease, scene: Scene): Promise<Proof> {
  const without = scene.without ?? []
  if (without.length > 0) await build(release.context, { worlds: ['b'], off: without })
  await planWaivers(
    release,
    scene.variants.flatMap(({ reported }) => reported)
  )
  return prove(release.context, { ownPlan: true })
}

/** Puts waivers into the plan as if the tag's configuration had them, and tells the builds so. */
export async function planWaivers(release: TestRelease, reports: readonly Report[]): Promise<void> {
  const { out } = release.context
  const document = JSON.parse(await readFile(out.plan, 'utf8')) as { waivers: unknown[] }
  const waivers = reports
    .filter(({ check }) => check !== 'reproduced')
    .map(({ check, code, member }) => `${check} ${code} ${member}`)
  document.waivers = [...new Set(waivers)].map((key) => {
    const [check = '', code = '', ...member] = key.split(' ')
    const reason = 'The check is switched off to see what it holds back.'
    return { check, code, path: member.join(' ').replace(/[*?[\]{}\\]/g, '?'), reason }
  })
  const before = sha256OfBytes(await readFile(out.plan))
  const text = formatDocument(document)
  await writeFile(out.plan, text)
  for (const world of ['a', 'b'] as const) {
    const file = path.join(out.build(world), 'build.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace(before, sha256OfBytes(text)))
  }
}
