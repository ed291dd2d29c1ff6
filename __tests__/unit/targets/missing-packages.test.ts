import { describe, expect, it } from '@jest/globals'
import { missingPackages } from '../../../src/targets/deb/missing-packages.ts'

const output = `Some packages could not be installed. This may mean that you have
requested an impossible situation.

The following packages have unmet dependencies:
 bell : Depends: libpq5 (>= 15) but it is not installable
        Depends: default-mta but it is not installable or
                 mail-transport-agent but it is not installable
        PreDepends: adduser but it is not going to be installed
        Depends: bell-data (= 1.0) but it is not going to be installed
E: Unable to correct problems, you have held broken packages.
`

describe('packages that apt has not found', () => {
  it('are named, without those that are tried themselves', () => {
    expect(missingPackages(output, ['bell', 'bell-data'])).toEqual(['adduser', 'default-mta', 'libpq5'])
  })

  it('are none where something else went wrong', () => {
    expect(missingPackages('dpkg: error processing package bell (--configure)', ['bell'])).toEqual([])
  })
})
