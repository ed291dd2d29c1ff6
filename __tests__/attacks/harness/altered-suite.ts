import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from '../../../src/documents/build.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import type { Proof } from '../../../src/documents/proof.ts'
import { hashFile, sha256OfBytes } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { stageContext } from '../../../src/stages/context.ts'
import { fetch } from '../../../src/stages/fetch.ts'
import { plan } from '../../../src/stages/plan.ts'
import { buildRelease, makeRelease, type TestRelease } from '../../real/support/release.ts'
import { testCache } from '../../real/support/root.ts'
import { alterImage } from './altered-image.ts'
import { reportsOf, type AlteredAttack, type AlteredImage, type HonestImage } from './altered.ts'
import type { Files } from './attack.ts'
import { expectedLines, messagesOf, proveAgain, refusals, waive } from './gate.ts'
import { lockImage } from './images.ts'
import { firedInImage } from './plain-image.ts'

/** Two honest images, and a project that has a target for each change of one of them. */
export interface HonestImages {
  release: TestRelease
  builds: Record<'a' | 'b', Build>
  proof: Proof
}

/** @param files of a project with the targets `image`, `assembled`, and one for each change */
export async function honestImages(files: Files): Promise<HonestImages> {
  const release = await makeRelease(files)
  const { builds } = await buildRelease(release, (one) => lockImage(one, 'shell'), ['image', 'assembled'])
  return { release, builds, proof: await proveAgain(release) }
}

/** Each change three ways: what its user runs, through Tagproof, and with the check switched off. */
export function alteredSuite(attack: AlteredAttack, honest: () => HonestImages): void {
  describe(attack.title, () => {
    let handed: TestRelease
    let proof: Proof
    const cases = attack.images.map((image): [string, AlteredImage] => [image.how, image])
    const reports = attack.images.flatMap(reportsOf)
    const altered = ({ name }: AlteredImage): string =>
      path.join(honest().release.project.room, 'altered', `victim_${name}-1.2.3.oci.tar`)

    beforeAll(async () => {
      await mkdir(path.dirname(altered({ name: '' } as AlteredImage)), { recursive: true })
      for (const image of attack.images)
        await alterImage(honestFile(honest(), image.of), altered(image), image.alter)
      handed = await handOn(honest(), attack.images, altered)
      proof = await proveAgain(handed)
    })
    afterAll(() => rm(handed.out, { recursive: true, force: true }))

    it.each(cases)('who starts it runs the marker: %s', async (_, image) => {
      expect(await firedInImage(altered(image))).toContain(image.fires ?? image.name)
    })

    it.each(cases)('by Tagproof it is refused, with code and member: %s', (_, image) => {
      const mine = reportsOf(image)
      const of = {
        ...proof,
        findings: proof.findings.filter(({ artifact }) => artifact === path.basename(altered(image)))
      }
      expect(refusals(of)).toEqual(expectedLines(mine))
      for (const report of mine)
        for (const message of messagesOf(proof, report)) expect(message).toContain(report.says ?? '')
    })

    it(`with the check switched off, what would be shipped is ${attack.lasting ? 'what both worlds hand on' : 'just that image'}`, async () => {
      if (!attack.lasting) {
        await waive(handed, reports)
        const off = await proveAgain(handed)
        expect(refusals(off)).toEqual([])
        expect(off.verdict).toBe('proven')
      }
      for (const image of attack.images) {
        const folder = attack.lasting
          ? path.join(handed.context.out.build('a'), image.name)
          : handed.context.out.packages
        expect(await hashFile(path.join(folder, path.basename(altered(image))))).toEqual(
          await hashFile(altered(image))
        )
      }
    })
  })
}

function honestFile({ release }: HonestImages, of: HonestImage): string {
  return path.join(release.context.out.build('a'), of, `victim_${of}-1.2.3.oci.tar`)
}

/** A plan of the changed images, and builds that say both worlds made them. */
async function handOn(
  { release, builds }: HonestImages,
  images: readonly AlteredImage[],
  altered: (image: AlteredImage) => string
): Promise<TestRelease> {
  const out = path.join(release.project.room, `out-${images[0]?.name ?? ''}`)
  const context = stageContext({ repository: release.project.folder, out, cache: testCache, log: silentLog })
  const lock = await lockImage(release, 'shell')
  const planned = await plan(context, { lock, targets: images.map(({ name }) => name) })
  await rm(lock)
  await fetch(context, planned)
  const digest = sha256OfBytes(await readFile(context.out.plan))
  for (const world of ['a', 'b'] as const) {
    // The wheel that goes into images is the honest one.
    const targets = builds[world].targets.filter(({ name }) =>
      planned.targets.some((each) => each.name === name)
    )
    for (const { name } of targets)
      for (const folder of [name, `${name}+metadata`])
        await cp(
          path.join(release.context.out.build(world), folder),
          path.join(context.out.build(world), folder),
          { recursive: true }
        ).catch(() => undefined)
    for (const image of images) {
      const folder = path.join(context.out.build(world), image.name)
      const file = path.join(folder, path.basename(altered(image)))
      await mkdir(folder, { recursive: true })
      await copyFile(altered(image), file)
      const made = builds[world].targets.find(({ name }) => name === image.of)
      if (made === undefined) throw new Error(`${image.of} was not built`)
      const artifact = { kind: 'image' as const, name: path.basename(file), ...(await hashFile(file)) }
      targets.push({ ...made, evidence: {}, name: image.name, artifacts: [artifact] })
    }
    await writeFile(
      path.join(context.out.build(world), 'build.json'),
      formatDocument({ ...builds[world], plan: digest, targets })
    )
  }
  return { ...release, context, out }
}
