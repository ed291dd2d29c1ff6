import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'

export type Content = string | Buffer | { link: string } | { executable: string }

/** 2024-05-06T07:08:09Z. */
export const committed = 1_714_979_289

/** A git repository made by git itself, in a folder of its own. */
export interface GitProject {
  /** Folder that holds everything of this project; `folder` is inside. */
  room: string
  folder: string
  environment: Record<string, string>
  /** Runs git in the folder as a careless user would: the repository's own configuration counts. */
  git: (...args: string[]) => Promise<string>
  /** Runs git with bytes for its standard input. */
  gitWith: (stdin: Buffer | string, ...args: string[]) => Promise<string>
  write: (files: Record<string, Content>) => Promise<void>
  commit: (message?: string, seconds?: number) => Promise<string>
  remove: () => Promise<void>
}

export async function makeProject(
  files: Record<string, Content> = { 'README.md': 'A project.\n' },
  options: { init?: string[]; config?: string } = {}
): Promise<GitProject> {
  const room = await mkdtemp(path.join(tmpdir(), 'tagproof-test-'))
  const folder = path.join(room, 'project')
  const home = path.join(room, 'home')
  await mkdir(folder)
  await mkdir(home)
  const environment = {
    ...plainEnvironment,
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org'
  }
  const project: GitProject = {
    room,
    folder,
    environment,
    git: async (...args) => (await runChecked('git', args, { cwd: folder, env: environment })).trim(),
    gitWith: async (stdin, ...args) => {
      const result = await run('git', args, { cwd: folder, env: environment, stdin: Buffer.from(stdin) })
      if (result.code !== 0) throw new Error(result.stderr.toString())
      return result.stdout.toString().trim()
    },
    write: (more) => writeFiles(folder, more),
    async commit(message = 'A commit', seconds = committed) {
      const date = `@${seconds} +0200`
      const env = { ...environment, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
      await runChecked('git', ['add', '-A', '-f'], { cwd: folder, env })
      await runChecked('git', ['commit', '-q', '--allow-empty', '-m', message], { cwd: folder, env })
      return project.git('rev-parse', 'HEAD')
    },
    remove: () => rm(room, { recursive: true, force: true })
  }
  await project.git('init', '-q', '-b', 'main', ...(options.init ?? []))
  if (options.config !== undefined)
    await writeFile(path.join(folder, '.git/config'), options.config, { flag: 'a' })
  await project.write(files)
  await project.commit()
  return project
}

export async function writeFiles(folder: string, files: Record<string, Content>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    if (typeof content === 'string' || Buffer.isBuffer(content)) await writeFile(file, content)
    else if ('link' in content) await symlink(content.link, file)
    else {
      await writeFile(file, content.executable)
      await chmod(file, 0o755)
    }
  }
}

/** The error that a promise ends in; a promise that does not fail is a failed test. */
export async function refusalOf(promise: Promise<unknown>): Promise<{
  code: string
  message: string
  detail: { found?: string; expected?: string; fix?: string; output?: string }
}> {
  try {
    await promise
  } catch (error) {
    return error as never
  }
  throw new Error('nothing was refused')
}
