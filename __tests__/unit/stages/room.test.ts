import { describe, expect, it } from '@jest/globals'
import type { Plan } from '../../../src/documents/plan.ts'
import { worldsFitTogether } from '../../../src/stages/room.ts'

const limits: Plan['limits'] = { minutes: 30, 'memory-mib': 1000, 'disk-mib': 1000, processes: 100 }
const python: Plan['targets'][number] = { kind: 'python', name: 'python', path: '.', root: 'python' }
const image: Plan['targets'][number] = { kind: 'image', name: 'image', path: '.', root: 'image' }
const enough = { availableMib: 2000, diskMib: 2000, cpus: 2 }

describe('two worlds side by side', () => {
  it.each([
    ['fit where there is room', [python, image], enough, true, ''],
    ['need two processors', [python], { ...enough, cpus: 1 }, false, 'one processor'],
    [
      'need memory for their build folders',
      [python],
      { ...enough, availableMib: 1999 },
      false,
      '1999 MiB of memory'
    ],
    [
      'need disk for the layers of images',
      [python, image],
      { ...enough, diskMib: 1999 },
      false,
      '1999 MiB of disk'
    ],
    ['need no disk without an image', [python], { ...enough, diskMib: 0 }, true, '']
  ])('%s', async (_, targets, facts, fits, reason) => {
    const room = await worldsFitTogether({ limits, targets }, () => Promise.resolve(facts))
    expect(room.fits).toBe(fits)
    if (!room.fits) expect(room.reason).toContain(reason)
  })
})
