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
  return proveAgain(release)
}

/** The verdict on what was built, under the plan as it is now. */
export function proveAgain(release: TestRelease): Promise<Proof> {
  return prove(release.context, { ownPlan: true })
}

/** What is reported, one line each, in the form that `expectedLines` has. */
export function refusals(proof: Proof): string[] {
  return refusalsOf(proof.findings)
}

export function refusalsOf(findings: readonly Finding[]): string[] {
  const lines = findings.filter(({ severity }) => severity === 'refuse').map(lineOf)
  return [...new Set(lines)].sort()
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
  const kind = artifact === null ? 'release' : artifact.endsWith('.tar.gz') ? 'sdist' : 'wheel'
  const inner = kind === 'sdist' ? member?.slice(member.indexOf('/') + 1) : member
  return `${check}/${code}: ${kind} ${(inner ?? '').replace(/python3\.\d+/, 'python3.X').replace(/cpython-\d+/, 'cpython-X')}`
}

/** Messages of the findings that a report stands for. */
export function messagesOf(proof: Proof, report: Report): string[] {
  const lines = linesOf(report)
  return proof.findings.filter((finding) => lines.includes(lineOf(finding))).map(({ message }) => message)
}

/** Checks that can be switched off: variations of world b, and findings by a waiver. */
export interface SwitchedOff {
  variations: boolean
  findings: boolean
}

/**
 * The same release with checks off that saw the attack: world b is built again without the variations of the scene,
 * and every other finding has a waiver for just its check, code and member.
 */
export async function withChecksOff(
  release: TestRelease,
  scene: Scene,
  { variations, findings }: SwitchedOff
): Promise<Proof> {
  const without = scene.without ?? []
  if (variations && without.length > 0) await build(release.context, { worlds: ['b'], off: without })
  const reports = [
    ...scene.variants.flatMap(({ reported, behind = [] }) => [...reported, ...behind]),
    ...(scene.beside ?? [])
  ]
  await planWaivers(release, findings ? reports : [])
  return proveAgain(release)
}

/** Puts waivers into the plan as if the tag's configuration had them, and tells the builds so. */
async function planWaivers(release: TestRelease, reports: readonly Report[]): Promise<void> {
  const reason = 'The check is switched off to see what it holds back.'
  const waivers = reports.flatMap(({ check, code, artifact, member }) => {
    const path =
      member === ''
        ? artifact === 'sdist'
          ? '*.tar.gz'
          : '*.whl'
        : member.replace(/[*?[\]{}\\]/g, '?').replace(/(python3\.|cpython-)X/, '$1*')
    return check === 'reproduced' ? [] : [JSON.stringify({ check, code, path, reason })]
  })
  await editPlan(release, (plan) => {
    plan.waivers = [...new Set(waivers)].sort().map((waiver) => JSON.parse(waiver) as unknown)
  })
}

/** Changes the plan after it was built, and tells the builds that they are of this plan. */
export async function editPlan(
  release: TestRelease,
  edit: (plan: Record<string, unknown>) => void
): Promise<void> {
  const { out } = release.context
  const bytes = await readFile(out.plan)
  const document = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>
  edit(document)
  const text = formatDocument(document)
  await writeFile(out.plan, text)
  for (const world of ['a', 'b'] as const) {
    const file = path.join(out.build(world), 'build.json')
    const before = await readFile(file, 'utf8')
    await writeFile(file, before.replace(sha256OfBytes(bytes), sha256OfBytes(text)))
  }
}
