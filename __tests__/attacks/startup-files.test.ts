import { attackSuite } from './harness/suite.ts'
import { startupFiles } from './startup-files.ts'

attackSuite(startupFiles)
