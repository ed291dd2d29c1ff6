import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from '../../../src/documents/build.ts'
import type { Proof } from '../../../src/documents/proof.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { buildRelease, makeRelease, type TestRelease } from '../../real/support/release.ts'
import { alterImage } from './altered-image.ts'
import { reportsOf, type AlteredAttack, type AlteredImage, type HonestImage } from './altered.ts'
import type { Files } from './attack.ts'
import { expectedLines, messagesOf, proveAgain, refusals, waive } from './gate.ts'
import { handOn } from './handed.ts'
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
    const altered = ({ name }: { name: string }): string =>
      path.join(honest().release.project.room, 'altered', `victim_${name}-1.2.3.oci.tar`)

    beforeAll(async () => {
      await mkdir(path.dirname(altered({ name: '' })), { recursive: true })
      for (const image of attack.images)
        await alterImage(honestFile(honest(), image.of), altered(image), image.alter)
      handed = await handOn({ ...honest(), on: 'shell' }, attack.images, (name) => altered({ name }))
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
