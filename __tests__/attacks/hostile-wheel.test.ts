import { packageSuite } from './harness/packages.ts'
import { hostileWheel } from './hostile-wheel.ts'

packageSuite(hostileWheel)
