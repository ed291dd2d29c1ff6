import { debPatches } from './deb-patches.ts'
import { debianPackages } from './harness/debs.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(debPatches, debianPackages)
