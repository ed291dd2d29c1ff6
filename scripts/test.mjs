// npm test: sets up, runs the tests with Node 24, and ends with the line `N passed, N failed`.
// Arguments go to jest: npm test -- __tests__/unit
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { setUpBuildkitOrSay } from './setup-buildkit.mjs'
import { node24, setUpOrExit } from './setup.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Counts from jest's report. A suite that could not be loaded has no tests and counts as one failure,
 * and so does a run in which no test ran at all, or of which there is no report.
 */
export function countsOf(report, status) {
  const passed = report?.numPassedTests ?? 0
  const broken =
    report?.testResults?.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0)
      .length ?? 0
  const failed = (report?.numFailedTests ?? 0) + broken
  const nothingRan = passed + failed === 0
  const unexplained = status !== 0 && failed === 0
  return { passed, failed: nothingRan || unexplained ? Math.max(1, failed) : failed }
}

async function main(args) {
  setUpOrExit({ tests: true })
  setUpBuildkitOrSay()
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-test-'))
  const file = path.join(folder, 'report.json')
  try {
    const status = await jest([...args, '--json', `--outputFile=${file}`])
    const report = await readFile(file, 'utf8').then(JSON.parse, () => undefined)
    const { passed, failed } = countsOf(report, status)
    console.log(`${passed} passed, ${failed} failed`)
    return failed === 0 && status === 0 ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Jest reports on standard error as it goes; its JSON on standard output is not for people. */
function jest(args) {
  const child = spawn(
    node24(),
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      path.join(root, 'node_modules/jest/bin/jest.js'),
      ...args
    ],
    { cwd: root, stdio: ['inherit', 'ignore', 'inherit'] }
  )
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2))
