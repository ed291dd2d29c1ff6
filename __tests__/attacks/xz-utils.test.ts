import { attackSuite } from './harness/suite.ts'
import { xzUtils } from './xz-utils.ts'

attackSuite(xzUtils)
