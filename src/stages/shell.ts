import path from 'node:path'
import type { World } from '../documents/identifiers.ts'
import { readDocument } from '../documents/reading.ts'
import { shellOf } from './build-kinds.ts'
import type { StageContext } from './context.ts'
import { withBuildPlaces } from './places.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import { TagproofError } from '../platform/errors.ts'

/** Status of a world that did not come up (EX_SOFTWARE); a shell that ends with it cannot be told from that. */
const notSetUp = 70

/** A shell in a world, with everything as the build sees it. What is written there is gone afterwards. */
export async function shell(
  context: StageContext,
  options: { world: World; target?: string }
): Promise<number> {
  const { document: plan } = await readDocument('plan', context.out.plan)
  const target =
    options.target === undefined ? plan.targets[0] : plan.targets.find((one) => one.name === options.target)
  if (target === undefined)
    throw new TagproofError('target-unknown', `The plan has no target ${JSON.stringify(options.target)}.`, {
      found: plan.targets.map((one) => one.name).join(', ')
    })
  const code = await withBuildPlaces(context, plan, 'shell', (places) =>
    withTemporaryFolder('tagproof-shell', (folder) =>
      shellOf(
        { context, plan, places },
        {
          target,
          world: options.world,
          exportTar: path.join(context.out.exports, plan.exports[options.world].file),
          scrambled: 0,
          folder,
          off: [],
          title: 'shell'
        }
      )
    )
  )
  if (code === notSetUp)
    throw new TagproofError('sandbox-unavailable', 'The world could not be set up on this machine.', {
      fix: 'The lines above say what is missing; a build tells more: tagproof build --world a.'
    })
  return code
}
