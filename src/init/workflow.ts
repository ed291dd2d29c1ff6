import { formatActionReference, type ActionReference } from './action-reference.ts'
import { pins, runner, runnerPackages } from './pins.ts'

export interface WorkflowRequest {
  action: ActionReference
  /** Glob of `on.push.tags`. */
  tags: string
  /** Name of the protected environment. */
  environment: string
  /** Kinds of the targets. */
  kinds: readonly ('python' | 'deb' | 'image')[]
}

/**
 * Whether this version uploads anything from the publish job. As long as it does not, the job gets no permission that
 * would allow it; which one it will need stands there as a comment.
 */
export const uploads = false as boolean

/**
 * The release workflow of a project, as text. Pull requests and runs on a branch rehearse; a tag goes through four
 * jobs: two builds on two machines, the proof, and the publication in a protected environment. Pure.
 */
export function workflowText(request: WorkflowRequest): string {
  return [head(request), ...jobs(request)].join('\n')
}

function head({ tags }: WorkflowRequest): string {
  return `# Written by tagproof init, and yours to change: tagproof doctor tells what must hold, tagproof init shows the difference.
name: Release

on:
  push:
    tags: ['${tags.replaceAll("'", "''")}']
  # Rehearses only: a pull request publishes nothing and gets no credential.
  pull_request:
  # On a tag: makes the release of that tag again. On a branch: rehearses.
  workflow_dispatch:

# No job gets anything but what it asks for, with its reason.
permissions: {}

concurrency:
  group: \${{ github.workflow }}-\${{ github.ref }}
  # A newer commit of a pull request takes the place of an older one; a release is never cut off.
  cancel-in-progress: \${{ github.event_name == 'pull_request' }}

jobs:`
}

interface Job {
  id: string
  name: string
  comment: string
  condition: string
  needs?: readonly string[]
  minutes: number
  permissions: readonly string[]
  environment?: string
  packages: boolean
  stage: string
  inputs: readonly string[]
}

function jobs({ action, environment, kinds }: WorkflowRequest): string[] {
  const onTag = "github.ref_type == 'tag'"
  const onBranch = "github.ref_type != 'tag'"
  const build = (world: 'a' | 'b'): Job => ({
    id: `build-${world}`,
    name: `Build in world ${world}`,
    comment:
      world === 'a'
        ? 'The first of two builds, each on a machine of its own. No credential, no id token, no network for project code.'
        : 'The second one differs in everything that must not matter, and sees scrambled copies of opaque files.',
    condition: onTag,
    minutes: 120,
    permissions: ['contents: read # check out the tag'],
    packages: true,
    stage: 'build',
    inputs: [`world: ${world}`]
  })
  const needs = 'needs: ${{ toJSON(needs) }}'
  const all: Job[] = [
    {
      id: 'rehearse',
      name: 'Rehearse',
      comment: 'Both builds and the proof of this commit, in one job that has nothing to lose.',
      condition: onBranch,
      minutes: 180,
      permissions: ['contents: read # check out the commit'],
      packages: true,
      stage: 'rehearse',
      inputs: []
    },
    build('a'),
    build('b'),
    {
      id: 'prove',
      name: 'Prove',
      comment:
        'Compares the builds, with the originals of git. Trusts nothing of them but bytes that it checks.',
      condition: onTag,
      needs: ['build-a', 'build-b'],
      minutes: 120,
      permissions: ['contents: read # read the originals of the tag'],
      packages: true,
      stage: 'prove',
      inputs: [needs]
    },
    {
      id: 'publish',
      name: 'Publish',
      comment:
        'Waits for the approval of the environment. Runs no project code and opens no package: it hashes again.',
      condition: onTag,
      needs: ['build-a', 'build-b', 'prove'],
      minutes: 60,
      permissions: ['contents: read # resolve the tag again', ...uploadPermissions(kinds)],
      environment,
      packages: kinds.includes('deb'),
      stage: 'publish',
      inputs: [needs]
    }
  ]
  return all.map((job) => jobText(job, action))
}

/** What uploads will need: in force once there are any, a comment until then. */
export function uploadPermissions(kinds: WorkflowRequest['kinds'], active = uploads): string[] {
  const lines = [
    ...(kinds.includes('python')
      ? ['id-token: write # sign in at the package index (trusted publishing)']
      : []),
    ...(kinds.includes('image') ? ['packages: write # push the image'] : [])
  ]
  return active
    ? lines
    : lines.map((line) => `# ${line.replace(' #', ', to')}; not before this action uploads`)
}

function jobText(job: Job, action: ActionReference): string {
  const lines = [
    `  # ${job.comment}`,
    `  ${job.id}:`,
    `    name: ${job.name}`,
    `    if: ${job.condition}`,
    ...(job.needs === undefined ? [] : [`    needs: [${job.needs.join(', ')}]`]),
    `    runs-on: ${runner.label}`,
    `    timeout-minutes: ${job.minutes}`,
    ...(job.environment === undefined ? [] : [`    environment: ${job.environment}`]),
    '    permissions:',
    ...job.permissions.map((line) => `      ${line}`),
    // What a stage hands on is named by its digest.
    ...(job.stage === 'build' || job.stage === 'prove'
      ? ['    outputs:', `      digest: \${{ steps.${job.stage}.outputs.digest }}`]
      : []),
    '    steps:',
    `      - uses: ${pins.checkout}`,
    '        with:',
    '          persist-credentials: false',
    ...(job.packages ? packageStep() : []),
    `      - id: ${job.stage}`,
    `        uses: ${formatActionReference(action)}`,
    '        with:',
    `          stage: ${job.stage}`,
    ...job.inputs.map((line) => `          ${line}`),
    ''
  ]
  return lines.join('\n')
}

function packageStep(): string[] {
  return [
    '      - name: System packages of the sandbox',
    '        run: |',
    '          sudo apt-get update',
    `          sudo apt-get install -y --no-install-recommends ${runnerPackages.join(' ')}`
  ]
}
