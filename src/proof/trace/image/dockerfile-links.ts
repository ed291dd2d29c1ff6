import type { Generator } from '../generator.ts'
import { installedPlace } from '../installed.ts'
import { anyStatedImage } from './stated-image.ts'

/** A link that a RUN of the Dockerfile makes: both its ends stand there in plain text. */
export const dockerfileLink: Generator = {
  name: 'dockerfile-link',
  reason: 'A RUN of the Dockerfile links the two paths, which it names.',
  matches: ({ kind }, { artifact }) => artifact.kind === 'image' && kind === 'symlink',
  async derive(member, context) {
    const place = installedPlace(member.path, context.artifact.kind)
    const image = await anyStatedImage(context)
    const { linkTarget } = member
    if (place === undefined || image === undefined || linkTarget === null) return undefined
    const named = image.all.some(
      ({ keyword, text }) =>
        keyword === 'RUN' &&
        hasWord(text, linkTarget) &&
        (hasWord(text, `/${place.path}`) || hasWord(text, place.path))
    )
    return named ? { traced: true, from: [image.path] } : undefined
  }
}

function hasWord(text: string, word: string): boolean {
  return word.length > 1 && text.split(/[\s"';&|()]+/).includes(word)
}
