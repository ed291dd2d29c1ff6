import { debFiles } from './deb-files.ts'
import { debianPackages } from './harness/debs.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(debFiles, debianPackages)
