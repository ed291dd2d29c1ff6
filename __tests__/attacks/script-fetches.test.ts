import { debianPackages } from './harness/debs.ts'
import { attackSuite } from './harness/suite.ts'
import { scriptFetches } from './script-fetches.ts'

attackSuite(scriptFetches, debianPackages)
