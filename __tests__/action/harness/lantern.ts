import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openGpgHome, type GpgHome } from '../../real/support/apt/gpg-key.ts'
import { Machine } from './fixture.ts'
import { repositoryRoot } from './language.ts'
import { indexToken } from './run-index.ts'
import { Services } from './run-services.ts'
import { withPinnedAction, Workflow } from './workflow.ts'

/** What world b must not see: it lies in a test file. */
export const original = 'originals that world b must not see'

const project = {
  'pyproject.toml': [
    '[build-system]',
    'requires = ["flit_core>=3.2"]',
    'build-backend = "flit_core.buildapi"',
    '[project]',
    'name = "lantern"',
    'version = "1.0.0"',
    'description = "Light"',
    ''
  ].join('\n'),
  'lantern/__init__.py': '"""Light."""\n',
  'tests/beam.bin': `\u0000\u0001 ${original} \u0002`
}

/** The workflow of the documentation, as a user copies it. */
export const documentedWorkflow = withPinnedAction(
  /```yaml\n(name: Release\n.*?)```/s.exec(
    readFileSync(path.join(repositoryRoot, 'docs/action.md'), 'utf8')
  )?.[1] ?? ''
)

/** The index has an address once it runs; the files go to a folder that outlives the machines. */
function configOf(upload: string, simple: string, files: string): string {
  return [
    'destinations:',
    `  - { kind: pypi, index: { upload: '${upload}', simple: '${simple}' } }`,
    `  - { kind: files, store: { kind: directory, path: '${files}' }, aliases: { 'lantern-{series}.whl': '*.whl' } }`,
    ''
  ].join('\n')
}

/** A small project in a repository of its own, tagged `v1.0.0` with its lock, and the services of its runs. */
export interface Lantern {
  origin: Machine
  services: Services
  workflow: Workflow
  /** What the destination of flat files has. */
  files: string
  /** With the key that signs lists of hashes, a secret of its own. */
  gpg: GpgHome
  remove(): Promise<void>
}

export async function makeLantern(text: string = documentedWorkflow): Promise<Lantern> {
  const origin = new Machine()
  origin.commit(project, 'v0.0.1')
  const services = await Services.start(path.join(origin.workspace, '.git'))
  const { upload, simple } = await services.index()
  origin.lock()
  const files = mkdtempSync(path.join(tmpdir(), 'tagproof-files-'))
  origin.commit({ '.github/tagproof.yml': configOf(upload, simple, files) }, 'v1.0.0')
  origin.git('update-server-info')
  const gpg = await openGpgHome()
  const key = await gpg.makeKey('ed25519', 'cert')
  await gpg.addSubkey(key, 'ed25519', 'sign')
  // Whoever may read secrets has these; no step is handed one unless a test says so.
  const secrets = { PYPI: indexToken, SIGNING: await gpg.exported('--export-secret-subkeys', key) }
  const workflow = new Workflow({ text, origin, services, secrets })
  return {
    origin,
    services,
    workflow,
    files,
    gpg,
    async remove() {
      workflow.remove()
      services.stop()
      origin.remove()
      rmSync(files, { recursive: true, force: true })
      await gpg.close()
    }
  }
}
