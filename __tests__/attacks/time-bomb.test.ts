import { timeBomb } from './time-bomb.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(timeBomb)
