import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { DebianPackage, RootLock } from '../../../src/documents/lock.ts'
import { hashFile, withTemporaryFolder } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { privileged } from '../../../src/platform/privilege.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { prepareRoot } from '../../../src/worlds/root.ts'
import { runInWorld } from '../../../src/worlds/run.ts'
import { debRoot } from '../support/deb-root.ts'
import { testLimits } from '../support/world.ts'

/**
 * Installs a deb in a root of the essential packages and what it depends on, and runs commands there with no network.
 * Returns status and output of each.
 */
export async function installed(deb: string, commands: readonly (readonly string[])[]): Promise<string[]> {
  const { lock, inputs } = await debRoot('own')
  const [name = '', version = '', rest = ''] = path.basename(deb).split('_')
  const entry: DebianPackage = {
    name,
    version,
    architecture: rest.replace(/\.deb$/, ''),
    suite: lock.suite,
    file: path.basename(deb),
    ...(await hashFile(deb))
  }
  const own: RootLock = { ...lock, packages: [...lock.packages, entry] }
  const debian = (one: DebianPackage): string => (one.sha256 === entry.sha256 ? deb : inputs.debian(one))
  return withTemporaryFolder('tagproof-installed', async (cache) => {
    try {
      const root = await prepareRoot('installed', own, { debian }, { cache, only: [name], log: silentLog })
      const said: string[] = []
      for (const command of commands) {
        const outputs = await mkdtemp(path.join(tmpdir(), 'tagproof-started-'))
        const common = { exportTar: null, binds: [], environment: {}, limits: testLimits, outputs }
        const ended = await runInWorld({ world: 'a', root, command, network: 'none', ...common })
        await rm(outputs, { recursive: true, force: true })
        said.push(`${String(ended.code)} ${ended.output}`)
      }
      return said
    } finally {
      // The root belongs to root.
      const { command, args } = privileged('rm', [
        '-rf',
        '--one-file-system',
        '--',
        path.join(cache, 'roots')
      ])
      await runChecked(command, args, { env: plainEnvironment })
    }
  })
}
