// Builds BuildKit, pinned, from the module proxy of Go into the tools of the cache, unless it is there.
//   node scripts/setup-buildkit.mjs   builds it (one or two minutes on two cores), or tells why not and ends with status 3
//   TAGPROOF_NO_INSTALL=1             never builds it
//   TAGPROOF_BUILDKIT=DIR             a folder with buildkitd and buildctl to use instead; nothing is built
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const module = 'github.com/moby/buildkit'
export const buildkitVersion = 'v0.34.2'
/** What the checksum database says of the module: the proxy is not trusted to send the right one. */
const moduleSum = 'h1:fXgOe79JW5zJNDumRtwTemOklLX66otQokObUXuiGJo='
/** As its go.mod asks for. */
const goVersion = [1, 26]

/** One clear text: BuildKit cannot be had here. Images can then be built by buildah. */
export class BuildkitError extends Error {}

export function buildkitFolder(env = process.env) {
  const caches = env.XDG_CACHE_HOME || path.join(homedir(), '.cache')
  return path.join(
    env.TAGPROOF_CACHE || path.join(caches, 'tagproof'),
    'tools',
    `buildkit-${buildkitVersion}`
  )
}

/** Sees to it that BuildKit is there. Returns its folder. Throws {@link BuildkitError}. */
export function setUpBuildkit({ env = process.env, say = (line) => console.error(line) } = {}) {
  if (env.TAGPROOF_BUILDKIT) return path.resolve(env.TAGPROOF_BUILDKIT)
  const folder = buildkitFolder(env)
  if (['buildkitd', 'buildctl'].every((name) => existsSync(path.join(folder, name)))) return folder
  if ((env.TAGPROOF_NO_INSTALL ?? '') !== '' && env.TAGPROOF_NO_INSTALL !== '0')
    throw new BuildkitError('TAGPROOF_NO_INSTALL forbids to build BuildKit.')
  const go = findGo(env)
  say(`Building BuildKit ${buildkitVersion} from source (once, one or two minutes on two cores).`)
  mkdirSync(path.dirname(folder), { recursive: true })
  const part = mkdtempSync(`${folder}.part-`)
  try {
    const source = path.join(part, 'source')
    // Its replace lines keep "go install" from building it, so it is built in a copy of its own.
    const { Dir, Sum } = download(go, env, part)
    if (Sum !== moduleSum)
      throw new BuildkitError(`The module ${module} has the checksum ${Sum}, not ${moduleSum}.`)
    cpSync(Dir, source, { recursive: true })
    const made = path.join(part, 'made')
    mkdirSync(made)
    const version = `-X ${module}/version.Version=${buildkitVersion}`
    const flags = ['-mod=mod', '-trimpath', '-buildvcs=false', '-ldflags', `-s -w -buildid= ${version}`]
    run(go, ['build', ...flags, '-o', `${made}/`, './cmd/buildkitd', './cmd/buildctl'], { cwd: source, env })
    rmSync(folder, { recursive: true, force: true })
    renameSync(made, folder)
  } finally {
    run('chmod', ['-R', 'u+w', part], { env })
    rmSync(part, { recursive: true, force: true })
  }
  return folder
}

function findGo(env) {
  const places = [...(env.PATH ?? '').split(':'), '/usr/local/go/bin', '/usr/lib/go/bin']
  const go = places.map((place) => path.join(place || '.', 'go')).find((file) => existsSync(file))
  const wanted = goVersion.join('.')
  if (go === undefined)
    throw new BuildkitError(
      `BuildKit ${buildkitVersion} is built with Go ${wanted} or newer, and Go is not installed.`
    )
  const answer = run(go, ['env', 'GOVERSION'], { env: { ...env, GOTOOLCHAIN: 'local' } }).trim()
  const [major = 0, minor = 0] = answer.replace(/^go/, '').split('.').map(Number)
  if (major < goVersion[0] || (major === goVersion[0] && minor < goVersion[1]))
    throw new BuildkitError(
      `BuildKit ${buildkitVersion} is built with Go ${wanted} or newer; here is ${answer}.`
    )
  return go
}

function download(go, env, cwd) {
  return JSON.parse(run(go, ['mod', 'download', '-json', `${module}@${buildkitVersion}`], { cwd, env }))
}

function run(command, args, { cwd, env }) {
  const settings = { ...env, CGO_ENABLED: '0', GOFLAGS: '', GOTOOLCHAIN: 'local' }
  const result = spawnSync(command, args, { cwd, env: settings, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (result.status === 0) return result.stdout
  const output = `${result.stderr ?? ''}`.trimEnd().split('\n').slice(-15).join('\n')
  throw new BuildkitError(`${path.basename(command)} ${args[0]} failed:\n${output || String(result.error)}`)
}

/** For demo and tests: sees to it, or tells why not and goes on; buildah takes its place where it is installed. */
export function setUpBuildkitOrSay({ env = process.env, say = (line) => console.error(line) } = {}) {
  try {
    setUpBuildkit({ env, say })
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\nWithout BuildKit, ${fallback}`)
  }
}

const fallback = 'buildah builds images from Dockerfiles: sudo apt-get install buildah'

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(setUpBuildkit())
  } catch (error) {
    if (!(error instanceof BuildkitError)) throw error
    console.error(`${error.message}\n\nWithout BuildKit, ${fallback}`)
    process.exit(3)
  }
}
