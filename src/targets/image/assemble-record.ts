import { variationNames, type World } from '../../documents/identifiers.ts'
import type { Variation } from '../../documents/fields.ts'
import type { BuildRequest } from '../build-request.ts'

const noCode =
  'no code of the project runs while the image is put together; its wheel was built under these conditions'

/**
 * What varied: nothing that code could see, for none runs. World b has the scrambled export, and its own order of it.
 *
 * @param taken how many files of the export are in the image
 */
export function assembleVariations({ world, off, scrambled }: BuildRequest, taken: number): Variation[] {
  return variationNames.map((name): Variation => {
    const value = world === 'a' ? 'original' : 'changed'
    if (name !== 'scrambled-files' && name !== 'directory-order')
      return { name, value: 'none', applied: false, reason: noCode }
    if (taken === 0)
      return { name, value: 'none', applied: false, reason: 'no file of the tree is in the image' }
    if (world === 'b' && off.includes(name))
      return { name, value: 'original', applied: false, reason: 'left out on request' }
    if (name === 'directory-order') return { name, value: orderOf(world), applied: true, reason: '' }
    return scrambled === 0
      ? { name, value: 'original', applied: false, reason: 'the plan scrambles no file' }
      : { name, value: world === 'a' ? value : `${scrambled} files scrambled`, applied: true, reason: '' }
  })
}

function orderOf(world: World): string {
  return world === 'a' ? 'created sorted' : 'created reversed'
}
