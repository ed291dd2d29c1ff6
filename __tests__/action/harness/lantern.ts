import { readFileSync } from 'node:fs'
import path from 'node:path'
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

/** The index has an address once it runs. */
function configOf(upload: string, simple: string): string {
  return `destinations:\n  - kind: pypi\n    index: { upload: '${upload}', simple: '${simple}' }\n`
}

/** A small project in a repository of its own, tagged `v1.0.0` with its lock, and the services of its runs. */
export interface Lantern {
  origin: Machine
  services: Services
  workflow: Workflow
  remove(): void
}

export async function makeLantern(text: string = documentedWorkflow): Promise<Lantern> {
  const origin = new Machine()
  origin.commit(project, 'v0.0.1')
  const services = await Services.start(path.join(origin.workspace, '.git'))
  const { upload, simple } = await services.index()
  origin.lock()
  origin.commit({ '.github/tagproof.yml': configOf(upload, simple) }, 'v1.0.0')
  origin.git('update-server-info')
  // Whoever may read secrets has the token; no step is handed it unless a test says so.
  const workflow = new Workflow({ text, origin, services, secrets: { PYPI: indexToken } })
  return {
    origin,
    services,
    workflow,
    remove() {
      workflow.remove()
      services.stop()
      origin.remove()
    }
  }
}
