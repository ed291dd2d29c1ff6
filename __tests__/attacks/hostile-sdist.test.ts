import { packageSuite } from './harness/packages.ts'
import { hostileSdist } from './hostile-sdist.ts'

packageSuite(hostileSdist)
