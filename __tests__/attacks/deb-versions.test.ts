import { debVersions } from './deb-versions.ts'
import { debianPackages } from './harness/debs.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(debVersions, debianPackages)
