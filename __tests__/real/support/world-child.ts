// Runs one world in a process of its own, so that tests can kill it: node world-child.ts REQUEST.json
import { readFileSync } from 'node:fs'
import { runInWorld, type WorldRequest } from '../../../src/worlds/run.ts'

const request = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as WorldRequest
const controller = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort())
try {
  const onLine = (line: string): void => void process.stderr.write(`${line}\n`)
  const result = await runInWorld({ ...request, onLine, signal: controller.signal })
  process.stdout.write(JSON.stringify(result))
} catch (error) {
  process.stdout.write(JSON.stringify(error))
  process.exitCode = 1
}
