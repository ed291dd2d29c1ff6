import { hostileDeb } from './hostile-deb.ts'
import { debianPackages } from './harness/debs.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(hostileDeb, debianPackages)
