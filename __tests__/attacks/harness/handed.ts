import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from '../../../src/documents/build.ts'
import { formatDocument } from '../../../src/documents/format.ts'
import { hashFile, sha256OfBytes } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { stageContext } from '../../../src/stages/context.ts'
import { fetch } from '../../../src/stages/fetch.ts'
import { plan } from '../../../src/stages/plan.ts'
import type { TestRelease } from '../../real/support/release.ts'
import { testCache } from '../../real/support/root.ts'
import type { BaseName } from './image-base.ts'
import { lockImage } from './images.ts'

/** A release whose images somebody else has in hand. */
export interface Handing {
  release: TestRelease
  /** Honest builds of some of its targets. */
  builds: Record<'a' | 'b', Build>
  on: BaseName
  /** Locks it, where its base is another than those of the attacks. */
  lockWith?: (release: TestRelease) => Promise<string>
}

/**
 * A plan of some image targets of a project, in a folder of its own, and builds that say both worlds made these files.
 *
 * @param images targets, each with one that was built and tells how
 * @param file where the image of a target lies
 */
export async function handOn(
  { release, builds, on, lockWith = (one) => lockImage(one, on) }: Handing,
  images: readonly { name: string; of: string }[],
  file: (name: string) => string
): Promise<TestRelease> {
  const out = path.join(release.project.room, `out-${images[0]?.name ?? ''}`)
  const context = stageContext({ repository: release.project.folder, out, cache: testCache, log: silentLog })
  const lock = await lockWith(release)
  const planned = await plan(context, { lock, targets: images.map(({ name }) => name) })
  await rm(lock)
  await fetch(context, planned)
  const digest = sha256OfBytes(await readFile(context.out.plan))
  for (const world of ['a', 'b'] as const) {
    const made = builds[world].targets
    // The wheel that goes into images is the honest one.
    const wheels = made.filter(({ name }) =>
      planned.targets.some((each) => each.kind === 'python' && each.name === name)
    )
    for (const { name } of wheels)
      for (const folder of [name, `${name}+metadata`])
        await cp(
          path.join(release.context.out.build(world), folder),
          path.join(context.out.build(world), folder),
          { recursive: true }
        ).catch(() => undefined)
    const targets = [...wheels]
    for (const { name, of } of images) {
      const artifact = path.basename(file(name))
      const place = path.join(context.out.build(world), name, artifact)
      await mkdir(path.dirname(place), { recursive: true })
      await copyFile(file(name), place)
      const like = made.find((target) => target.name === of)
      if (like === undefined) throw new Error(`${of} was not built`)
      targets.push({
        ...like,
        evidence: {},
        name,
        artifacts: [{ kind: 'image', name: artifact, ...(await hashFile(place)) }]
      })
    }
    await writeFile(
      path.join(context.out.build(world), 'build.json'),
      formatDocument({ ...builds[world], plan: digest, targets })
    )
  }
  return { ...release, context, out }
}
