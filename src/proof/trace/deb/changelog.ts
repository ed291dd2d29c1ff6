import { changelogForTag, newestEntry } from '../../../targets/deb/debian/changelog.ts'
import { TagproofError } from '../../../platform/errors.ts'
import type { TraceContext } from '../generator.ts'

/** A changelog that the package may have been built with. */
export interface PossibleChangelog {
  text: string
  /** Files that it is made from. */
  from: string[]
  reason: string
}

/**
 * The changelog of the tree, and the one that is made from the tag, each where the target allows it.
 *
 * @param suite as the package's own changelog names it; it is no secret of any build
 */
export async function possibleChangelogs(
  context: TraceContext,
  suite = 'unstable'
): Promise<PossibleChangelog[]> {
  const { folder, tree, target, version, tag } = context
  const read = async (name: string): Promise<string | undefined> =>
    (await tree.read(folder + name))?.toString('utf8')
  const text = await read('debian/changelog')
  const control = await read('debian/control')
  const mode = target?.deb?.mode === 'debian' ? target.deb.changelog : null
  const path = `${folder}debian/changelog`
  const possible: PossibleChangelog[] =
    text === undefined || mode === 'tag'
      ? []
      : [{ text, from: [path], reason: 'debian/changelog of the tag' }]
  if (mode === 'tree' || version === null || control === undefined) return possible
  try {
    const facts = {
      control,
      controlPath: `${folder}debian/control`,
      format: (await read('debian/source/format')) ?? null,
      suite,
      tag: tag.name,
      version,
      suffix: target?.deb?.mode === 'debian' ? target.deb.suffix : undefined,
      epoch: tag.epoch
    }
    possible.push({
      text: changelogForTag(text ?? '', facts),
      from: [`${folder}debian/control`, ...(text === undefined ? [] : [path])],
      reason: 'debian/changelog with an entry for the tag on top'
    })
  } catch (error) {
    // Then no build makes one from the tag either.
    if (!(error instanceof TagproofError)) throw error
  }
  return possible
}

/** Versions that the package may have. */
export async function changelogVersions(context: TraceContext): Promise<string[]> {
  const texts = await possibleChangelogs(context)
  return [...new Set(texts.flatMap(({ text }) => newestEntry(text)?.version ?? []))]
}

/** The suite that the first entry of a changelog names, where it has the form of one. */
export function suiteIn(changelog: string): string | undefined {
  const suite = newestEntry(changelog)?.distributions
  return suite !== undefined && /^[A-Za-z][A-Za-z0-9._+-]{0,60}$/.test(suite) ? suite : undefined
}
