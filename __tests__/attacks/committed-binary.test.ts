import { attackSuite } from './harness/suite.ts'
import { committedBinary } from './committed-binary.ts'

attackSuite(committedBinary)
