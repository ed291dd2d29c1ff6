import type { Tool } from '../documents/fields.ts'
import { plainEnvironment, run } from './process.ts'
import { version } from './version.ts'

/** The parts of Tagproof that decide about bytes: itself, and the library whose deflate our gzip streams are. */
export function tagproofTools(): Tool[] {
  return [
    { name: 'tagproof', version },
    { name: 'fflate', version: '0.8.3' }
  ]
}

const systemTools: readonly { name: string; args: readonly string[]; pattern: RegExp }[] = [
  { name: 'runc', args: ['--version'], pattern: /version (\S+)/ },
  { name: 'mmdebstrap', args: ['--version'], pattern: /(\d\S*)/ },
  { name: 'tar', args: ['--version'], pattern: /(\d+\.\d\S*)/ }
]

/** The system tools that take part in a build, with their versions as they report them: once a process, for both worlds. */
export function buildTools(): Promise<Tool[]> {
  const known = asked ?? askTools()
  asked = known
  known.catch(() => (asked = undefined))
  return known
}

let asked: Promise<Tool[]> | undefined

async function askTools(): Promise<Tool[]> {
  return Promise.all(
    systemTools.map(async ({ name, args, pattern }) => {
      const { stdout } = await run(name, args, { env: plainEnvironment, timeoutSeconds: 20 })
      return { name, version: pattern.exec(stdout.toString('utf8'))?.[1] ?? 'unknown' }
    })
  )
}
