// A second opinion on workflows, outside of the tests: `act`, another implementation of the runner, built from the module proxy of
// Go (the checksum database vouches for it), runs the job that tagproof init writes for pull requests. Runs on Node 24.
//   node_modules/.bin/node scripts/act.mjs
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { pins } from '../src/init/pins.ts'
import { workflowText } from '../src/init/workflow.ts'
import { makeRepository } from './demo.mjs'

const module = 'github.com/nektos/act@v0.2.87'

const help = `node_modules/.bin/node scripts/act.mjs

Has ${module} read every workflow of the documentation and of tagproof init, against its own schema, and run the job
"Rehearse" of the written one on the example: on this machine itself, as root or with sudo, from the committed dist/.

What it cannot say anything of:
- act does not know "uses: $/": in the copy that it runs, $/engine is named by repository and commit.
- act has no id tokens and no environments, and all its jobs share one machine: the five jobs of a release need all three. The
  tests run them in a harness of their own, with GitHub's parser and expressions.
- The checkout is a stand-in that clones the example; apt-get and sudo have nothing to do. Nothing is fetched from a code host.
- With a Docker engine act starts containers, without the rights that a sandbox needs unless --privileged is given. So none is
  used here: steps run on the host (-P ubuntu-24.04=-self-hosted).
`

const root = fileURLToPath(new URL('..', import.meta.url))
const commit = '0'.repeat(40)
const action = { repository: 'o/tagproof', commit, version: 'v0.0.0' }

if (process.argv.includes('--help')) {
  console.log(help)
  process.exit(0)
}
const folder = mkdtempSync(path.join(tmpdir(), 'tagproof-act-'))
try {
  process.exitCode = await secondOpinion(folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function secondOpinion(folder) {
  const built = spawnSync('go', ['install', module], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 'inherit', 'inherit']
  })
  if (built.status !== 0) throw new Error('act could not be built: it needs a recent Go.')
  const project = path.join(folder, 'project')
  await makeRepository(project)
  const read = readWorkflows(folder)
  if (read !== 0) return read
  const text = workflowText({ action, tags: 'v*', environment: 'release', kinds: ['python'] })
  writeFiles(project, {
    '.github/workflows/release.yml': text,
    '.github/tagproof.yml': 'targets:\n  - kind: python\n'
  })
  git(project, 'add', '--all')
  git(project, 'commit', '-q', '-m', 'The workflow')
  const ended = act(folder, project, [
    ...[
      'workflow_dispatch',
      '--job',
      'rehearse',
      '--no-skip-checkout',
      '--platform',
      'ubuntu-24.04=-self-hosted'
    ],
    ...['--local-repository', `${action.repository}@${commit}=${copyOfAction(folder)}`],
    ...['--local-repository', `${pins.checkout.replace(/ #.*/, '')}=${standIn(folder, project)}`],
    ...Object.entries(given()).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  ])
  const proven = /set-output:: verdict=proven/.test(ended.output)
  if (ended.status === 0 && proven) console.log('act ran the rehearsal that tagproof init writes: proven')
  else console.error(`${ended.output}\nact ended with ${ended.status}, and the release is not proven`)
  return ended.status === 0 && proven ? 0 : 1
}

/** Every workflow that a user may copy, read by act against its schema. */
function readWorkflows(folder) {
  const place = path.join(folder, 'read')
  const files = {}
  for (const page of ['action', 'migration']) {
    const blocks = readFileSync(path.join(root, `docs/${page}.md`), 'utf8').matchAll(
      /```yaml\n(name: .*?)```/gs
    )
    for (const [index, [, block]] of [...blocks].entries())
      files[`.github/workflows/${page}-${index}.yml`] = block.replaceAll(
        'OWNER/tagproof@COMMIT',
        `${action.repository}@${commit}`
      )
  }
  writeFiles(place, files)
  git(place, 'init', '-q')
  const { status, output } = act(folder, place, ['--validate', '--strict'])
  if (status === 0) console.log(`act has nothing to say of ${Object.keys(files).length} workflows`)
  else console.error(output)
  return status
}

/** The action of this tree, with its engine by a name that act knows. */
function copyOfAction(folder) {
  const copy = path.join(folder, 'action')
  for (const part of ['engine', 'dist'])
    cpSync(path.join(root, part), path.join(copy, part), { recursive: true })
  const text = readFileSync(path.join(root, 'action.yml'), 'utf8')
  writeFileSync(
    path.join(copy, 'action.yml'),
    text.replaceAll('uses: $/engine', `uses: ${action.repository}/engine@${commit}`)
  )
  return copy
}

/** In the place of the checkout: a clone of the project. */
function standIn(folder, project) {
  const place = path.join(folder, 'checkout')
  writeFiles(place, {
    'action.yml': `name: Checkout
description: A clone
inputs:
  persist-credentials:
    description: unused
runs:
  using: composite
  steps:
    - shell: bash
      run: git -c protocol.file.allow=always clone -q '${project}' .
`
  })
  return place
}

function act(folder, directory, args) {
  const idle = path.join(folder, 'idle')
  const nothing = '#!/bin/sh\nexit 0\n'
  writeFiles(idle, { 'apt-get': nothing, ...(process.getuid() === 0 ? { sudo: nothing } : {}) }, 0o755)
  const home = path.join(folder, 'home')
  // Without a file of settings it would ask which images to use.
  writeFiles(home, { '.actrc': '-P ubuntu-24.04=-self-hosted\n' })
  const ended = spawnSync(path.join(folder, 'act'), args, {
    cwd: directory,
    env: { PATH: `${idle}:${path.dirname(process.execPath)}:${process.env.PATH}`, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 26
  })
  if (ended.error !== undefined) throw ended.error
  return { status: ended.status ?? 1, output: `${ended.stdout}${ended.stderr}` }
}

/** Where packages come from on this machine, and where roots are kept. */
function given() {
  const names = /^(PIP_|UV_|https?_proxy$|no_proxy$|SSL_CERT_|REQUESTS_CA|NODE_EXTRA_CA)/i
  const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache')
  return {
    TAGPROOF_CACHE: path.join(cache, 'tagproof'),
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)))
  }
}

function git(directory, ...args) {
  const settings = ['-c', 'user.name=Act', '-c', 'user.email=act@example.org']
  const { status, stderr } = spawnSync('git', [...settings, ...args], { cwd: directory, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

function writeFiles(directory, files, mode = 0o644) {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content, { mode })
  }
}
