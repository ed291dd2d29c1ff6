import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Build } from '../../../src/documents/build.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import { hashFile, sha256OfBytes } from '../../../src/platform/files.ts'
import { build } from '../../../src/stages/build.ts'
import { prove } from '../../../src/stages/prove.ts'
import { buildRelease, lockRelease, type TestRelease } from '../../real/support/release.ts'
import type { Report, Scene } from './attack.ts'

/** Builds in both worlds and proves: what stands between the attack and a release. */
export async function throughTheGate(
  release: TestRelease,
  lockWith: (release: TestRelease) => Promise<string> = lockRelease,
  alter?: Scene['alter']
): Promise<Proof> {
  await buildRelease(release, lockWith)
  if (alter !== undefined) for (const world of ['a', 'b'] as const) await alterBuild(release, world, alter)
  return proveAgain(release)
}

/** The verdict on what was built, under the plan as it is now. */
export function proveAgain(release: TestRelease): Promise<Proof> {
  return prove(release.context, { ownPlan: true })
}

/** Alters what a world made, and the record of its build, as who owns that machine can. */
async function alterBuild(
  release: TestRelease,
  world: 'a' | 'b',
  alter: NonNullable<Scene['alter']>
): Promise<void> {
  const folder = release.context.out.build(world)
  const file = path.join(folder, 'build.json')
  const document = JSON.parse(await readFile(file, 'utf8')) as Build
  for (const { name, artifacts } of document.targets) {
    await alter(release, path.join(folder, name))
    for (const artifact of artifacts)
      Object.assign(artifact, await hashFile(path.join(folder, name, artifact.name)))
  }
  await writeFile(file, formatDocument(document))
}

/** Whether both worlds made the same files, bit for bit. */
export async function builtAlike(release: TestRelease): Promise<boolean> {
  const [a, b] = await Promise.all(
    (['a', 'b'] as const).map(async (world) => {
      const text = await readFile(path.join(release.context.out.build(world), 'build.json'), 'utf8')
      return (JSON.parse(text) as Build).targets.map(({ artifacts }) => artifacts)
    })
  )
  return isDeepStrictEqual(a, b)
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

function linesOf(report: Report): string[] {
  const { check, code, artifact, member } = report
  const named = artifact === 'deb' || artifact === 'image' ? `${artifact} ${packageOf(report)}` : artifact
  const kinds = artifact === 'both' ? ['sdist', 'wheel'] : [named]
  return kinds.map((kind) => `${check}/${code}: ${kind} ${member}`)
}

function packageOf({ package: name = 'victim' }: Report): string {
  return name
}

function lineOf({ check, code, artifact, member }: Finding): string {
  const kind = kindOf(artifact)
  const inner = kind === 'sdist' ? member?.slice(member.indexOf('/') + 1) : member
  const found = placeholders.reduce((text, { any, stands }) => text.replace(any, stands), inner ?? '')
  return `${check}/${code}: ${kind} ${found}`
}

/** What stands in a report for a part of a path that depends on the machine. */
const placeholders = [
  { any: /python3\.\d+/, stands: 'python3.X' },
  { any: /python3\d+\.zip/, stands: 'python3X.zip' },
  { any: /cpython-\d+/, stands: 'cpython-X' },
  { any: /^layers\/\d+\//, stands: 'layers/N/' }
]

/** `sdist`, `wheel`, `deb NAME`, `image NAME`; of no artifact, `release`. */
function kindOf(artifact: string | null): string {
  if (artifact === null) return 'release'
  const deb = /^([^_]+)_.*\.deb$/.exec(artifact)?.[1]
  if (deb !== undefined) return `deb ${deb}`
  const image = /^(.+)-[^-]+\.oci\.tar$/.exec(artifact)?.[1]
  if (image !== undefined) return `image ${image}`
  return artifact.endsWith('.tar.gz') ? 'sdist' : 'wheel'
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
  await waive(release, findings ? reports : [])
  return proveAgain(release)
}

/** Puts waivers into the plan as if the tag's configuration had them, and tells the builds so. */
export async function waive(release: TestRelease, reports: readonly Report[]): Promise<void> {
  const reason = 'The check is switched off to see what it holds back.'
  const waivers = reports.flatMap((report) => {
    const { check, code, artifact, member } = report
    const path =
      member === ''
        ? artifacts[artifact](packageOf(report))
        : member
            .replace(/[*?[\]{}\\]/g, '?')
            .replace(/(python3\.?|cpython-)X/g, '$1*')
            .replace(/^layers\/N\//, 'layers/*/')
    return check === 'reproduced' ? [] : [JSON.stringify({ check, code, path, reason })]
  })
  await editPlan(release, (plan) => {
    plan.waivers = [...new Set(waivers)].sort().map((waiver) => JSON.parse(waiver) as unknown)
  })
}

/** What fits the names of artifacts of a kind. */
const artifacts: Record<Report['artifact'], (name: string) => string> = {
  sdist: () => '*.tar.gz',
  wheel: () => '*.whl',
  both: () => '*.whl',
  deb: (name) => `${name}_*.deb`,
  image: (name) => `${name}-*.oci.tar`,
  release: () => '*'
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
