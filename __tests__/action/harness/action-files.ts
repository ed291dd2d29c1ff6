import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'

export interface Step {
  id?: string
  name?: string
  if?: string
  uses?: string
  run?: string
  with?: Record<string, string | number | boolean>
  env?: Record<string, string>
}

export interface ActionFile {
  inputs?: Record<string, { description?: string; default?: string | boolean; required?: boolean }>
  outputs?: Record<string, { description?: string; value?: string }>
  runs:
    | { using: 'composite'; steps: Step[] }
    | { using: 'node24'; main: string; post?: string; 'post-if'?: string }
}

/** An action as the runner has it: its folder, and the repository and ref that it belongs to. */
export interface LoadedAction {
  folder: string
  /** `owner/name@ref`; null for a folder of the workspace. */
  origin: string | null
  file: ActionFile
}

/**
 * Finds the action that `uses` names (ActionManager.cs): `owner/name/path@ref` among the downloaded repositories,
 * `$/path` in the repository and ref of the composite that says it, `./path` in the workspace of the caller.
 */
export function loadAction(
  uses: string,
  within: LoadedAction | null,
  places: { workspace: string; downloaded: ReadonlyMap<string, string> }
): LoadedAction {
  if (uses.startsWith('./')) return readAction(path.join(places.workspace, uses), null)
  const self = /^\$\/(.+)$/.exec(uses)
  const remote = /^([^/@]+\/[^/@]+)(?:\/([^@]+))?@(.+)$/.exec(uses)
  const origin = self === null ? `${remote?.[1] ?? ''}@${remote?.[3] ?? ''}` : (within?.origin ?? '')
  const folder = places.downloaded.get(origin)
  if (folder === undefined) throw new Error(`Unable to resolve action ${uses}`)
  return readAction(path.join(folder, self?.[1] ?? remote?.[2] ?? ''), origin)
}

function readAction(folder: string, origin: string | null): LoadedAction {
  const file = ['action.yml', 'action.yaml'].map((name) => path.join(folder, name)).find(existsSync)
  if (file === undefined) throw new Error(`Can't find 'action.yml' or 'action.yaml' under '${folder}'`)
  return { folder, origin, file: parse(readFileSync(file, 'utf8')) as ActionFile }
}
