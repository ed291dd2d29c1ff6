import { debControlPart } from './deb-control-part.ts'
import { debianPackages } from './harness/debs.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(debControlPart, debianPackages)
