import { debModes } from './deb-modes.ts'
import { debianPackages } from './harness/debs.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(debModes, debianPackages)
