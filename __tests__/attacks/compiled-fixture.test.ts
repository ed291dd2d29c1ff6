import { compiledFixture } from './compiled-fixture.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(compiledFixture)
