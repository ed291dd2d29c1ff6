import { alteredVenv } from './altered-venv.ts'
import { attackSuite } from './harness/suite.ts'
import { venvPackages } from './harness/venv-debs.ts'

attackSuite(alteredVenv, venvPackages)
