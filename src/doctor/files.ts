import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { configPath, lockPath } from '../documents/layout.ts'
import { readInside } from '../init/files.ts'
import { readTextOf } from '../source/tree-text.ts'
import type { Repository } from '../source/repository.ts'
import type { TreeEntry } from '../source/tree.ts'
import type { WorkflowFile } from './workflow/workflow-checks.ts'

const workflowFolder = '.github/workflows'

export interface OwnFiles {
  workflows: WorkflowFile[]
  /** Paths whose text in the work tree is not that of the commit. */
  uncommitted: string[]
  /** Where the work tree has a configuration or a lock: that is what is looked at. */
  config: string | null
  lock: string | null
}

/** Workflows, configuration and lock: those of the work tree, or of the commit where there is no work tree. */
export async function readOwnFiles(repository: Repository, entries: readonly TreeEntry[]): Promise<OwnFiles> {
  const { worktree } = repository.places
  const committed = entries
    .map(({ path: name }) => name)
    .filter((name) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(name))
  const names = worktree === null ? committed : await workflowNames(worktree)
  const workflows: WorkflowFile[] = []
  const uncommitted: string[] = []
  const place = async (name: string): Promise<string | null> => {
    const before = await readTextOf(repository, entries, name)
    const text = worktree === null ? before : await readInside(worktree, name)
    if (text !== before) uncommitted.push(name)
    return text
  }
  for (const name of names) {
    const text = await place(name)
    if (text !== null) workflows.push({ path: name, text })
  }
  const [config, lock] = [await place(configPath), await place(lockPath)]
  const fileOf = (name: string, text: string | null): string | null =>
    worktree === null || text === null ? null : path.join(worktree, name)
  return { workflows, uncommitted, config: fileOf(configPath, config), lock: fileOf(lockPath, lock) }
}

async function workflowNames(worktree: string): Promise<string[]> {
  const names = await readdir(path.join(worktree, workflowFolder)).catch(() => [])
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => `${workflowFolder}/${name}`)
}
