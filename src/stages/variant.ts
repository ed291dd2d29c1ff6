import { access } from 'node:fs/promises'
import path from 'node:path'
import type { VariationName } from '../documents/fields.ts'
import type { World } from '../documents/identifiers.ts'
import type { Plan, ScrambledFile } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, withTemporaryFolder } from '../platform/files.ts'
import { writeVariant, type Variant } from '../source/export-variant.ts'
import type { VariantSources } from '../source/variant-sources.ts'
import type { StageContext } from './context.ts'

/** Beside the exports, for a machine that is given world b's alone. */
export const formsFile = 'forms-b.tar'

/** An export that a world is given, and which files of it are scrambled. */
export interface GivenExport {
  file: string
  scrambled: readonly ScrambledFile[]
}

/**
 * The export that was planned for a world, or nothing: a build must not start from other bytes.
 *
 * @throws TagproofError `input-missing`, `document-mismatch`
 */
export async function plannedExport(context: StageContext, plan: Plan, world: World): Promise<GivenExport> {
  const planned = plan.exports[world]
  const file = path.join(context.out.exports, planned.file)
  const found = await hashFile(file).catch((error: unknown) => {
    throw new TagproofError('input-missing', `The export for world ${world} is not there.`, {
      where: `exports/${planned.file}`,
      fix: 'Run tagproof plan first, and hand its folder exports/ on to the machine that builds.',
      cause: error
    })
  })
  if (found.sha256 !== planned.sha256)
    throw new TagproofError(
      'document-mismatch',
      `The export for world ${world} is not the one that was planned.`,
      {
        where: `exports/${planned.file}`,
        found: found.sha256,
        expected: planned.sha256,
        fix: 'Run tagproof plan again.'
      }
    )
  return { file, scrambled: world === 'a' ? [] : plan.scramble.files }
}

/** What leaving variations out means for the export of world b: its order, and whether it holds originals. */
export function variantWithout(off: readonly VariationName[]): Variant | undefined {
  const order = off.includes('directory-order')
  const original = off.includes('scrambled-files')
  if (!order && !original) return undefined
  return { ...(order ? { order: 'a' } : {}), ...(original ? { original: () => true } : {}) }
}

/** Whether this machine was given the originals; that of world b alone never is. */
export async function hasOriginals({ out }: Pick<StageContext, 'out'>, plan: Plan): Promise<boolean> {
  return isThere(path.join(out.exports, plan.exports.a.file))
}

/** What variants of world b's export can be made of on this machine. */
export async function variantSources(context: StageContext, plan: Plan): Promise<VariantSources> {
  const a = (await hasOriginals(context, plan)) ? (await plannedExport(context, plan, 'a')).file : null
  const forms = path.join(context.out.exports, formsFile)
  return {
    a,
    b: (await plannedExport(context, plan, 'b')).file,
    ...(a === null && (await isThere(forms)) ? { forms } : {})
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}

/**
 * Hands over a variant of world b's export, which is removed afterwards.
 *
 * @throws TagproofError as {@link plannedExport} and `writeVariant`
 */
export async function withVariant<T>(
  context: StageContext,
  plan: Plan,
  variant: Variant | undefined,
  use: (given: GivenExport) => Promise<T>
): Promise<T> {
  if (variant === undefined) return use(await plannedExport(context, plan, 'b'))
  const exports = await variantSources(context, plan)
  return withTemporaryFolder('tagproof-variant', async (folder) => {
    const file = path.join(folder, 'export-b.tar')
    const { files } = await writeVariant({
      ...variant,
      exports,
      scramble: plan.scramble,
      file
    })
    return use({ file, scrambled: files })
  })
}
