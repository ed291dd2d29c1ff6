import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { World } from './documents/identifiers.ts'
import { readDocument } from './documents/reading.ts'
import { formatBuilds } from './evidence/build-summary.ts'
import type { ActionInputs } from './platform/github-inputs.ts'
import { readPlan, type StageContext } from './stages/index.ts'

export interface StepSummary {
  markdown: string
  /** Where all of it is, should it have to be cut. */
  whole: string
}

/** What a stage that has ended well, or with a proof, shows as its step summary. */
export async function stageSummary(context: StageContext, inputs: ActionInputs): Promise<StepSummary> {
  const below = (name: string): string => `\`${path.posix.join(inputs.out, name)}\``
  switch (inputs.stage) {
    case 'rehearse':
    case 'prove':
      return { markdown: await readFile(context.out.summary, 'utf8'), whole: below('summary.md') }
    case 'plan':
      return { markdown: await readFile(context.out.planSummary, 'utf8'), whole: below('plan.md') }
    case 'build':
      return {
        markdown: await builtSummary(context, inputs.worlds),
        whole: inputs.worlds.map((world) => below(`build-${world}/build.json`)).join(' and ')
      }
    case 'publish':
      return { markdown: await readFile(context.out.publishSummary, 'utf8'), whole: below('publish.md') }
  }
}

async function builtSummary(context: StageContext, worlds: readonly World[]): Promise<string> {
  const builds = []
  for (const world of worlds)
    builds.push((await readDocument('build', path.join(context.out.build(world), 'build.json'))).document)
  return formatBuilds({ tag: (await readPlan(context)).tag, builds })
}
