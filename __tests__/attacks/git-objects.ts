import { runChecked } from '../../src/platform/process.ts'
import type { GitProject } from '../real/source/git-project.ts'
import { modified, type Attack, type Files, type Variant } from './harness/attack.ts'
import { setuptoolsProject } from './harness/projects.ts'

/** Where git keeps a payload, and the shell command by which the build gets it. */
const hidden: Record<string, { how: string; command: string; held: string }> = {
  history: {
    how: 'a file of an earlier commit',
    command: 'git show HEAD~1:notes.txt',
    held: 'the thin .git has one commit and no blobs'
  },
  branch: {
    how: 'a file of another branch',
    command: 'git show origin/payload:notes.txt',
    held: 'the thin .git has no other branch'
  },
  object: {
    how: 'a blob by its object name, which only another branch holds',
    command: 'git cat-file -p $(cat object.txt)',
    held: 'the thin .git has no blobs'
  },
  names: {
    how: 'the names of branches in packed-refs',
    command:
      "git for-each-ref --format='%(refname)' refs/remotes/origin/hex | sed 's,.*/,,' | python3 -c 'print(bytes.fromhex(input()).decode())'",
    held: 'the thin .git has no refs but the tag'
  },
  author: {
    how: 'the author of another commit',
    command: "git log -1 --format=%an origin/payload | sed 's/_/ /g'",
    held: 'the thin .git has one commit'
  }
}

const names = Object.keys(hidden)
const project = (commands: Record<string, string>): Files =>
  setuptoolsProject({
    'setup.py': `import os, subprocess

from setuptools import setup


def add(name, command):
    module = os.path.join("victim", name + ".py")
    with open(module) as stream:
        text = stream.read()
    found = subprocess.run(command, shell=True, stdout=subprocess.PIPE).stdout.decode()
    if "fired" in found and "fired" not in text:
        with open(module, "a") as stream:
            stream.write(found)


${Object.entries(commands)
  .map(([name, command]) => `add("${name}", ${JSON.stringify(command)})`)
  .join('\n')}
setup()
`,
    'object.txt': 'x\n',
    ...Object.fromEntries(
      Object.keys(commands).map((name) => [
        `victim/${name}.py`,
        `"""Part of an honest package: ${name}."""\n`
      ])
    )
  })

/** Payloads in an earlier commit, in another branch, and in names; then the tag on an innocent commit. */
async function arrange(git: GitProject): Promise<void> {
  await git.git('tag', '-d', 'v1.2.3')
  await git.git('checkout', '-q', '-b', 'payload')
  await git.write({ 'notes.txt': 'print("fired: branch")\n' })
  const id = await git.gitWith('print("fired: object")\n', 'hash-object', '-w', '--stdin')
  await git.git('add', 'notes.txt')
  await git.git('update-index', '--add', '--cacheinfo', `100644,${id},more.txt`)
  await git.git('commit', '-q', '--author', 'print("fired:_author") <x@example.org>', '-m', 'Notes')
  await git.git('checkout', '-q', '-f', 'main')
  for (const piece of [Buffer.from('print("fired: names")\n').toString('hex')])
    await git.git('branch', `hex/${piece}`)
  await git.write({ 'notes.txt': 'print("fired: history")\n', 'object.txt': `${id}\n` })
  await git.commit('Notes')
  await git.git('rm', '-q', 'notes.txt')
  await git.commit('No notes')
  await git.git('tag', '-a', '-m', 'v1.2.3', 'v1.2.3')
}

const messages: Record<string, string> = {
  message: 'git log -1 --format=%B | grep fired',
  annotation: "git for-each-ref --format='%(contents)' refs/tags/v1.2.3 | grep fired",
  trailer: "git log -1 --format='%(trailers:key=Run,valueonly)'",
  tagger: "git for-each-ref --format='%(taggername)' refs/tags/v1.2.3 | sed 's/_/ /g'"
}

/** Commit and tag whose messages hold code. */
async function arrangeMessages(git: GitProject): Promise<void> {
  await git.git('tag', '-d', 'v1.2.3')
  await git.commit('A change\n\nprint("fired: message")\n\nRun: print("fired: trailer")\n')
  await git.git('config', 'user.name', 'print("fired:_tagger")')
  const env = { ...git.environment, GIT_COMMITTER_NAME: 'print("fired:_tagger")' }
  await runChecked('git', ['tag', '-a', '-m', 'v1.2.3', '-m', 'print("fired: annotation")', 'v1.2.3'], {
    cwd: git.folder,
    env
  })
}

export const gitObjects: Attack = {
  name: 'git-objects',
  rows: '8',
  title: 'The build reads code from git, where no tree of the tag shows it',
  caughtBy:
    'Worlds get a thin .git: one commit, its tag, names of files, no blobs. What it must hold, messages, is looked at for encoded text; tracing sees what is made of it.',
  scenes: [
    {
      name: 'setup.py asks git for objects and names',
      files: project(Object.fromEntries(names.map((name) => [name, hidden[name]?.command ?? '']))),
      arrange,
      open: async (release) => (await import('./harness/exports.ts')).giveClone(release, ['.git']),
      variants: names.map((name): Variant => {
        const { how = '', held = '' } = hidden[name] ?? {}
        return { name, how, held, reported: [], behind: [modified(`victim/${name}.py`)] }
      })
    },
    {
      name: 'setup.py asks git for messages',
      files: project(messages),
      arrange: arrangeMessages,
      variants: [
        { name: 'message', how: 'the message of the commit', reported: [modified('victim/message.py')] },
        { name: 'annotation', how: 'the message of the tag', reported: [modified('victim/annotation.py')] },
        { name: 'trailer', how: 'a trailer of the commit', reported: [modified('victim/trailer.py')] },
        { name: 'tagger', how: 'the name of the tagger', reported: [modified('victim/tagger.py')] }
      ]
    }
  ]
}
