import { alteredModule } from './altered-module.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(alteredModule)
