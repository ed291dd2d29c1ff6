import { attackSuite } from './harness/suite.ts'
import { hiddenFixture } from './hidden-fixture.ts'

attackSuite(hiddenFixture)
