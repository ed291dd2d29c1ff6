import { execFileSync } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { inTurn, timed, type Figure } from './measure.ts'
import { clone, command, namedProjects } from './projects.ts'

const rounds = 5

/**
 * The least that a comparison with the tag costs: all members of the packages read and hashed, twice, since the same
 * bytes lie in the repository. By the ecosystem's own readers, in one process.
 */
const hashTwice = `
import hashlib, sys, tarfile, zipfile
def contents(file):
    if file.endswith('.whl'):
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist(): yield archive.read(info)
    else:
        with tarfile.open(file) as archive:
            for member in archive:
                if member.isfile(): yield archive.extractfile(member).read()
for file in sys.argv[1:] * 2:
    for content in contents(file): hashlib.sha256(content).hexdigest()
`

/**
 * Tracing what a project published on the index (its sdist and its wheel) against reading and hashing the members of both
 * twice, for the projects named in the environment, whose tags must show the version.
 */
export async function* traces(folder: string): AsyncIterable<Figure> {
  const script = path.join(folder, 'hash-twice.py')
  await writeFile(script, hashTwice)
  for (const project of namedProjects()) {
    const repository = path.join(folder, `trace-${project.name}`)
    clone(project, repository)
    const published = path.join(folder, `published-${project.name}`)
    const version = /(\d+(?:\.\d+)+)$/.exec(project.tag)?.[1] ?? ''
    const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', published]
    for (const only of ['--no-binary', '--only-binary'])
      execFileSync('python3', [...download, only, ':all:', `${project.name}==${version}`], {
        stdio: ['ignore', 'ignore', 'inherit']
      })
    const files = (await readdir(published)).map((name) => path.join(published, name))
    const args = [command, 'trace', ...files, '--tag', project.tag, '--repository', repository]
    // A release from before this program may well hold members that are refused: that is status 1.
    const statuses = { accept: [0, 1] }
    await timed(process.execPath, args, {}, statuses)
    const { first, second } = await inTurn(
      rounds,
      async () => (await timed(process.execPath, args, {}, statuses)).seconds,
      async () => (await timed('python3', [script, ...files])).seconds
    )
    yield {
      name: `trace ${project.name}, sdist and wheel as published, against reading and hashing them twice`,
      value: first / second,
      goal: 1.5,
      detail: `${first.toFixed(2)} s against ${second.toFixed(2)} s, both with the start of their program`
    }
  }
}
