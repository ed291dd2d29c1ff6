import type { Generator } from '../generator.ts'
import { anyStatedImage } from './stated-image.ts'

/** `.wh.NAME`: the layer takes a file of a lower one away (image-spec, "Whiteouts"). Only a RUN does that. */
export const whiteout: Generator = {
  name: 'whiteout',
  reason: 'A RUN takes a file of a lower layer away; it brings no bytes.',
  matches: ({ path, kind, size }, { artifact }) =>
    artifact.kind === 'image' && kind === 'file' && size === 0 && /\/\.wh\.[^/]+$/.test(path),
  async derive(member, context) {
    const image = await anyStatedImage(context)
    if (
      context.target?.image?.mode !== 'assemble' &&
      image?.instructions.some(({ keyword }) => keyword === 'RUN')
    )
      return { traced: true, from: [image.path] }
    return {
      traced: false,
      code: 'untraced',
      message: `${member.path} takes a file of a lower layer away, and no RUN of the tag could have done so.`,
      cause: 'A layer was added to the image, or changed, once it was built.',
      fix: 'Build the image again; find out what handles it between the build and the proof.'
    }
  }
}
