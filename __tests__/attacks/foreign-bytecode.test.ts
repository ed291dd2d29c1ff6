import { attackSuite } from './harness/suite.ts'
import { foreignBytecode } from './foreign-bytecode.ts'

attackSuite(foreignBytecode)
