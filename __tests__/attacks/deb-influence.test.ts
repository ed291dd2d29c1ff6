import { debInfluence } from './deb-influence.ts'
import { debianPackages } from './harness/debs.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(debInfluence, debianPackages)
