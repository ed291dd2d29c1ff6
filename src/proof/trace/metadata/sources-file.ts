import type { Generator } from '../generator.ts'
import { quotedList } from './judgement.ts'
import { memberLines } from './member-text.ts'

/** SOURCES.txt of `.egg-info`: what setuptools put into the sdist. */
export const sourcesFile: Generator = {
  name: 'egg-sources',
  reason:
    'setuptools lists in SOURCES.txt the files that it packs; each must be in the sdist or in the tree.',
  matches: ({ inner, kind }, { artifact }) =>
    artifact.kind === 'sdist' && kind === 'file' && /(^|\/)[^/]+\.egg-info\/SOURCES\.txt$/.test(inner),
  async derive(member, context) {
    const lines = await memberLines(member, context)
    if (lines === undefined) return undefined
    // It lists its own folder, whatever that is called in another spelling of the name.
    const own = (path: string): boolean => /(^|\/)[^/]+\.egg-info\/[^/]+$/.test(path)
    const known = (path: string): boolean =>
      context.member(path) !== undefined || context.tree.has(context.folder + path) || own(path)
    const lost = lines.filter((line) => !known(line.replaceAll('\\', '/').replace(/^\.\//, '')))
    if (lost.length === 0) return { traced: true, from: [] }
    return {
      traced: false,
      code: 'metadata-differs',
      message: `${member.inner} lists ${quotedList(lost)}, which is neither in the sdist nor in the tree.`,
      cause: 'The sdist was made in a folder with other files, or files were taken out of it afterwards.',
      fix: 'Build from a clean tree; remove an old .egg-info folder before the build.'
    }
  }
}
