import type { Generator } from '../generator.ts'

/** `.wh.NAME`: the layer takes a file of a lower one away (image-spec, "Whiteouts"). */
export const whiteout: Generator = {
  name: 'whiteout',
  reason: 'The layer takes a file of a lower layer away; it brings no bytes.',
  matches: ({ path, kind, size }, { artifact }) =>
    artifact.kind === 'image' && kind === 'file' && size === 0 && /\/\.wh\.[^/]+$/.test(path),
  derive: () => Promise.resolve({ traced: true, from: [] })
}
