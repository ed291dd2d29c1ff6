import { hiddenInNames } from './hidden-in-names.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(hiddenInNames)
