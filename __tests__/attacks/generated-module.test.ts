import { generatedModule } from './generated-module.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(generatedModule)
