import path from 'node:path'
import type { World } from '../documents/identifiers.ts'
import { readDocument } from '../documents/reading.ts'
import { shellPython } from '../targets/python/build.ts'
import type { StageContext } from './context.ts'
import { fetch } from './fetch.ts'
import { prepareEnvironments, prepareRoots } from './build.ts'
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
  const { lock, inputs } = await fetch(context, plan, { offline: true })
  const target =
    options.target === undefined ? plan.targets[0] : plan.targets.find((one) => one.name === options.target)
  if (target === undefined)
    throw new TagproofError('target-unknown', `The plan has no target ${JSON.stringify(options.target)}.`, {
      found: plan.targets.map((one) => one.name).join(', ')
    })
  const roots = await prepareRoots(context, plan, lock, inputs)
  const environments = await prepareEnvironments(context, plan, lock, inputs, roots)
  const root = roots.get(target.root)
  const environment = environments.get(target.name)
  if (root === undefined || environment === undefined)
    throw new TagproofError('lock-incomplete', `The lock has nothing for target ${target.name}.`)
  const code = await withTemporaryFolder('tagproof-shell', (outputs) =>
    shellPython({
      target,
      world: options.world,
      epoch: plan.tag.epoch,
      exportTar: path.join(context.out.exports, plan.exports[options.world].file),
      root,
      environment,
      limits: plan.limits,
      folder: outputs
    })
  )
  if (code === notSetUp)
    throw new TagproofError('sandbox-unavailable', 'The world could not be set up on this machine.', {
      fix: 'The lines above say what is missing; a build tells more: tagproof build --world a.'
    })
  return code
}
