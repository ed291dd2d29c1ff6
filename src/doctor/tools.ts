import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { findProgram } from '../builders/tool.ts'
import { findImageBuilder } from '../builders/find.ts'
import { plainEnvironment, run } from '../platform/process.ts'
import {
  keyringOf,
  mayInstall,
  needs,
  planSetup,
  systemOf,
  type Need,
  type SetupPlan,
  type System
} from '../platform/system-packages.mjs'

type Variables = Readonly<Record<string, string | undefined>>

export interface FoundTool {
  need: Need
  present: boolean
  /** As it says itself; null where it says none. */
  version: string | null
}

export interface ToolFacts {
  system: System
  node: string
  tools: FoundTool[]
  /** Whether a target is built from a Dockerfile. */
  dockerfile: boolean
  /** What builds it; null where nothing does. */
  builder: { name: string; version: string } | null
  /** How what is missing is installed. */
  setup: SetupPlan
}

/** Where buildah comes from, which builds images where there is no BuildKit. */
const builderNeed: Need = { package: 'buildah', program: 'buildah' }

/** First argument that makes a program say its version, for those whose version matters. */
const versions: Readonly<Record<string, { args: string[]; pattern: RegExp }>> = {
  git: { args: ['--version'], pattern: /(\d+\.\d\S*)/ },
  python3: { args: ['--version'], pattern: /(\d+\.\d\S*)/ },
  runc: { args: ['--version'], pattern: /version (\S+)/ },
  mmdebstrap: { args: ['--version'], pattern: /(\d\S*)/ }
}

/**
 * Looks for the tools, where the program itself will look for them.
 *
 * @param searchPath tests give another one
 */
export async function gatherTools(options: {
  dockerfile: boolean
  environment?: Variables
  searchPath?: string
}): Promise<ToolFacts> {
  const { dockerfile, environment = process.env, searchPath = plainEnvironment.PATH ?? '' } = options
  const system = systemOf(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  const tools = await Promise.all(needs.map((need) => findTool(need, system, searchPath)))
  const builder = await findImageBuilder({ ...environment, PATH: searchPath }).catch(() => null)
  const missing = tools.filter(({ present }) => !present).map(({ need }) => need)
  if (dockerfile && builder === null) missing.push(builderNeed)
  return {
    system,
    node: process.versions.node,
    tools,
    dockerfile,
    builder: builder === null ? null : { name: builder.name, version: builder.version },
    setup: planSetup({
      system,
      missing,
      user: await userOf(searchPath),
      allowed: mayInstall(environment),
      apt: (await programIn('apt-get', searchPath)) !== undefined
    })
  }
}

async function findTool(need: Need, system: System, searchPath: string): Promise<FoundTool> {
  const { program, python, file } = need
  if (program !== undefined) {
    const found = await programIn(program, searchPath)
    return {
      need,
      present: found !== undefined,
      version: found === undefined ? null : await versionOf(program, found)
    }
  }
  if (python !== undefined) {
    const found = await programIn('python3', searchPath)
    const imports =
      found !== undefined && (await run(found, ['-c', python], { env: plainEnvironment })).code === 0
    return { need, present: imports, version: null }
  }
  return { need, present: await exists(file ?? keyringOf(system)), version: null }
}

/** The folders of sbin count too: they are in the path that everything runs with. */
async function programIn(name: string, searchPath: string): Promise<string | undefined> {
  const own = new Set(searchPath.split(':').map((folder) => path.join(folder, name)))
  const found = await findProgram(name, { PATH: searchPath })
  return found !== undefined && own.has(found) ? found : undefined
}

async function versionOf(program: string, file: string): Promise<string | null> {
  const asked = versions[program]
  if (asked === undefined) return null
  const { stdout } = await run(file, asked.args, { env: plainEnvironment, timeoutSeconds: 20 })
  return asked.pattern.exec(stdout.toString('utf8'))?.[1] ?? null
}

async function userOf(searchPath: string): Promise<string> {
  if (process.getuid?.() === 0) return 'root'
  const sudo = await programIn('sudo', searchPath)
  if (sudo === undefined) return 'plain'
  const answer = await run(sudo, ['-n', 'true'], { env: plainEnvironment, timeoutSeconds: 20 })
  return answer.code === 0 ? 'sudo' : 'plain'
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
