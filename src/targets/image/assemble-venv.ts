import { basename } from 'node:path'
import { isWheel } from '../../documents/lock.ts'
import type { Platform } from '../../formats/oci/descriptor.ts'
import { environmentSettings, installedMembers, interpreterLinks, sitePackages } from '../python/install.ts'
import { wheelsOf } from '../python/sdist.ts'
import type { BuildRequest, WithWheel } from '../build-request.ts'
import type { Base } from './assemble-base.ts'
import { resolved } from './assemble-files.ts'
import { checkWheelFits, interpreterOf, type Interpreter } from './assemble-python.ts'
import type { LayerFiles } from './layer-files.ts'

export interface VenvRequest extends BuildRequest, WithWheel {
  /** Absolute path of the environment. */
  prefix: string
  /** Receives the wheels that sdists are built into. */
  work: string
  platform: Platform
}

/**
 * Gathers the virtual environment: in one layer the environment itself and the locked dependencies, in the next the wheel.
 * No code of any package runs, save that of sdists, which are built in the world first.
 *
 * @throws TagproofError `lock-incomplete` for wheels or a Python that do not fit; as wheelsOf and installedMembers
 */
export async function gatherEnvironment(request: VenvRequest, into: LayerFiles, base: Base): Promise<void> {
  const { wheel, locked } = request
  if (wheel === null && locked === null) return
  const interpreter = await interpreterOf(base, locked)
  const folder = await resolved(request.prefix.slice(1), base)
  await skeleton(folder, interpreter, into)
  for (const dependency of await dependencies(request))
    await install(dependency, interpreter, folder, request, into)
  into.startLayer(1)
  if (wheel === null) return
  await install({ file: wheel, name: basename(wheel) }, interpreter, folder, request, into)
}

interface NamedWheel {
  file: string
  /** As indexes call it; files of the lock lie under their hash. */
  name: string
}

async function dependencies(request: VenvRequest): Promise<NamedWheel[]> {
  const { locked, work, root, tag, limits, log, world, off, signal } = request
  if (locked === null) return []
  const wheels = await wheelsOf(locked, work, {
    root,
    epoch: tag.epoch,
    limits,
    log,
    world,
    off,
    file: (entry) => request.file(entry),
    ...(signal === undefined ? {} : { signal })
  })
  return locked.packages.map((entry, at) => {
    const file = wheels[at] ?? ''
    return { file, name: isWheel(entry) ? entry.file : basename(file) }
  })
}

/** What `python3 -m venv` makes, less what activates it in a shell. */
async function skeleton(folder: string, { path, minor }: Interpreter, into: LayerFiles): Promise<void> {
  const owner = 'the environment'
  for (const name of ['bin', 'include', sitePackages(minor)]) into.addFolder(`${folder}/${name}`)
  for (const name of Object.keys(interpreterLinks(minor)))
    await into.add({ path: `${folder}/bin/${name}`, mode: 0o777, linkTarget: path, owner })
  const settings = environmentSettings(minor).replace(
    /^home = .*$/m,
    `home = ${path.slice(0, path.lastIndexOf('/'))}`
  )
  await into.add({ path: `${folder}/pyvenv.cfg`, mode: 0o644, linkTarget: null, owner }, [
    Buffer.from(settings)
  ])
}

async function install(
  { file, name }: NamedWheel,
  interpreter: Interpreter,
  folder: string,
  { prefix, platform }: VenvRequest,
  into: LayerFiles
): Promise<void> {
  checkWheelFits(name, interpreter, platform)
  for await (const { path, bytes, executable, owner } of installedMembers(file, {
    prefix,
    minor: interpreter.minor
  }))
    await into.add({ path: `${folder}/${path}`, mode: executable ? 0o755 : 0o644, linkTarget: null, owner }, [
      bytes
    ])
}
