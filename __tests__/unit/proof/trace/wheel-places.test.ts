import { describe, expect, it } from '@jest/globals'
import { placesInWheel } from '../../../../src/proof/trace/dependencies/wheel-places.ts'

describe('where the files of a wheel lie once it is installed', () => {
  const header = 'greenlet-3.1.data/headers/greenlet.h'
  const wheel = {
    members: new Map([
      [header, 1],
      ['greenlet/__init__.py', 1]
    ])
  }
  const at = (path: string, site: string | null = null): readonly string[] =>
    placesInWheel(wheel, { path, site })

  it('headers lie in a folder of the distribution, below that of the interpreter', () => {
    for (const folder of [
      'include/site/python3.11/greenlet',
      'include/python3.11/greenlet',
      'include/greenlet',
      'include'
    ])
      expect(at(`usr/lib/app/${folder}/greenlet.h`)).toEqual([header])
    expect(at('usr/lib/app/include/site/python3.11/other/greenlet.h')).toEqual([])
    expect(at('usr/lib/app/share/greenlet/greenlet.h')).toEqual([])
  })

  it('modules lie in the folder of modules alone', () => {
    const site = 'usr/lib/app/lib/python3.11/site-packages/'
    expect(at(`${site}greenlet/__init__.py`, site)).toEqual(['greenlet/__init__.py'])
    expect(at('usr/lib/app/greenlet/__init__.py')).toEqual([])
  })
})
