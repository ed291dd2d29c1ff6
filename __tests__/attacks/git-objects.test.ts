import { gitObjects } from './git-objects.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(gitObjects)
