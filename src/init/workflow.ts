import { formatActionReference, type ActionReference } from './action-reference.ts'
import type { NeededRight } from '../destinations/needed-rights.ts'
import { pins, runner, runnerPackages } from './pins.ts'

export interface WorkflowRequest {
  action: ActionReference
  /** Glob of `on.push.tags`. */
  tags: string
  /** Name of the protected environment. */
  environment: string
  /** Kinds of the targets. */
  kinds: readonly ('python' | 'deb' | 'image')[]
  /** What the destinations need of the job that publishes; by default nothing besides its identity. */
  rights?: readonly NeededRight[]
}

/**
 * The release workflow of a project, as text. Pull requests and runs on a branch rehearse; a tag goes through five jobs:
 * the plan, two builds on two machines, the proof, and the publication in a protected environment. Pure.
 */
export function workflowText(request: WorkflowRequest): string {
  return [head(request), ...jobsOf(request).map((job) => jobText(job, request.action))].join('\n')
}

function head({ tags }: WorkflowRequest): string {
  return `name: Release
# Written by tagproof init, and yours to change: tagproof doctor tells what must hold, tagproof init shows the difference.

on:
  push:
    tags: ['${tags.replaceAll("'", "''")}']
  # Plans and rehearses only: a pull request publishes nothing and gets no credential.
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
  on: 'tag' | 'branch'
  needs: readonly string[]
  minutes: number
  /** Lines, each with its reason; none, with the reason for that. */
  permissions: readonly string[] | string
  environment?: string
  /** A build takes its sources from the plan: it needs no checkout, and so no token. */
  checkout: boolean
  packages: boolean
  /** Whether a pull request is shown the plan of a release first. */
  preview?: true
  stage: 'rehearse' | 'plan' | 'build' | 'prove' | 'publish'
  world?: 'a' | 'b'
  /** Credentials for this step, by the name of their input. */
  credentials?: readonly string[]
}

function jobsOf({ environment, kinds, rights = [] }: WorkflowRequest): Job[] {
  return [
    {
      id: 'rehearse',
      name: 'Rehearse',
      comment:
        'Both builds and the proof of this commit, in one job that has nothing to lose: forks may run it too.',
      on: 'branch',
      needs: [],
      minutes: 180,
      permissions: ['contents: read # check out the commit'],
      checkout: true,
      packages: true,
      preview: true,
      stage: 'rehearse'
    },
    {
      id: 'plan',
      name: 'Plan',
      comment: 'Reads the tag, and hands each build its own copy of the sources.',
      on: 'tag',
      needs: [],
      minutes: 30,
      permissions: ['contents: read # read the tag'],
      checkout: true,
      packages: false,
      stage: 'plan'
    },
    buildJob(
      'a',
      'The first of two builds, each on a machine of its own: no credential, and no network for project code.',
      'sources come from the plan: no token, no checkout'
    ),
    buildJob(
      'b',
      'The second one differs in everything that must not matter.',
      'this machine is given the scrambled sources alone'
    ),
    {
      id: 'prove',
      name: 'Prove',
      comment:
        'Compares the builds, with the originals of git. Trusts nothing of them but bytes that it checks.',
      on: 'tag',
      needs: ['plan', 'build-a', 'build-b'],
      minutes: 120,
      permissions: ['contents: read # read the originals of the tag'],
      checkout: true,
      packages: true,
      stage: 'prove'
    },
    {
      id: 'publish',
      name: 'Publish',
      comment:
        'Waits for the approval of the environment. Runs no project code and opens no package: it hashes again.',
      on: 'tag',
      needs: ['plan', 'build-a', 'build-b', 'prove'],
      minutes: 60,
      permissions: publishPermissions(rights),
      environment,
      checkout: true,
      packages: kinds.includes('deb'),
      stage: 'publish',
      credentials: publishCredentials(rights)
    }
  ]
}

/** Each with its reason. */
function publishPermissions(rights: readonly NeededRight[]): string[] {
  const reasons = (permission: NeededRight['permission']): string[] => [
    ...new Set(rights.filter((one) => one.permission === permission).map(({ why }) => why))
  ]
  const [contents, packages] = [reasons('contents'), reasons('packages')]
  return [
    contents.length === 0
      ? 'contents: read # resolve the tag again'
      : `contents: write # resolve the tag again; ${contents.join('; ')}`,
    ...(packages.length === 0 ? [] : [`packages: write # ${packages.join('; ')}`]),
    'id-token: write # shows the environment; the package index trusts it'
  ]
}

/** The token of the run, which ends with the job: no secret to keep. */
function publishCredentials(rights: readonly NeededRight[]): string[] {
  const needs = (permission: NeededRight['permission']): boolean =>
    rights.some((one) => one.permission === permission)
  return [
    ...(needs('packages')
      ? ['registry-username: ${{ github.actor }}', 'registry-password: ${{ github.token }}']
      : []),
    ...(needs('contents') ? ['github-token: ${{ github.token }}'] : [])
  ]
}

function buildJob(world: 'a' | 'b', comment: string, nothing: string): Job {
  return {
    id: `build-${world}`,
    name: `Build in world ${world}`,
    comment,
    on: 'tag',
    needs: ['plan'],
    minutes: 120,
    permissions: nothing,
    checkout: false,
    packages: true,
    stage: 'build',
    world
  }
}

function jobText(job: Job, action: ActionReference): string {
  const { needs, permissions, stage, world, credentials = [] } = job
  const lines = [
    `  # ${job.comment}`,
    `  ${job.id}:`,
    `    name: ${job.name}`,
    `    if: github.ref_type ${job.on === 'tag' ? '==' : '!='} 'tag'`,
    ...(needs.length === 0 ? [] : [`    needs: [${needs.join(', ')}]`]),
    `    runs-on: ${runner.label}`,
    `    timeout-minutes: ${job.minutes}`,
    ...(job.environment === undefined ? [] : [`    environment: ${job.environment}`]),
    ...(typeof permissions === 'string'
      ? [`    permissions: {} # ${permissions}`]
      : ['    permissions:', ...permissions.map((line) => `      ${line}`)]),
    ...(handsOn(stage) ? ['    outputs:', `      handover: \${{ steps.${stage}.outputs.handover }}`] : []),
    '    steps:',
    ...(job.checkout ? checkoutStep : []),
    ...(job.preview === true ? previewStep(action) : []),
    ...(job.packages ? packageStep : []),
    `      - id: ${stage}`,
    `        uses: ${formatActionReference(action)}`,
    '        with:',
    `          stage: ${stage}`,
    ...(world === undefined ? [] : [`          world: ${world}`]),
    ...(needs.length === 0 ? [] : ['          needs: ${{ toJSON(needs) }}']),
    ...credentials.map((line) => `          ${line}`),
    ''
  ]
  return lines.join('\n')
}

function handsOn(stage: Job['stage']): boolean {
  return stage === 'plan' || stage === 'build' || stage === 'prove'
}

const checkoutStep = [
  `      - uses: ${pins.checkout}`,
  '        with:',
  '          persist-credentials: false'
]

/** It comes before the packages: what a release would be is known without them, in seconds. */
function previewStep(action: ActionReference): string[] {
  return [
    '      - name: What a release of this commit would be',
    "        if: github.event_name == 'pull_request'",
    `        uses: ${formatActionReference(action)}`,
    '        with:',
    '          stage: plan',
    '          handover: none # shown in the summary, and handed to nobody'
  ]
}

const packageStep = [
  '      - name: System packages of the sandbox',
  '        run: |',
  '          sudo apt-get update',
  `          sudo apt-get install -y --no-install-recommends ${runnerPackages.join(' ')}`
]
