import type { Claims } from '../../platform/github-identity.ts'
import { printable } from '../../platform/printable.ts'

/** What a trusted publisher of GitHub is registered with, as this run's identity token says it. */
export interface PublisherValues {
  owner: string
  ownerId: string
  repository: string
  /** File below `.github/workflows/` that the job stands in: for a called workflow, the called file. */
  workflow: string
  /** Repository of that file. */
  workflowRepository: string
  /** Empty where the job has none. */
  environment: string
  ref: string
  event: string
  /** Whether the job stands in another file than the workflow that was started. */
  called: boolean
}

/** warehouse/oidc/models/github.py: the claims that are compared. */
export function publisherValues(claims: Claims): PublisherValues {
  const text = (name: string): string => {
    const value = claims[name]
    return typeof value === 'string' || typeof value === 'number'
      ? printable(String(value)).slice(0, 200)
      : ''
  }
  const job = text('job_workflow_ref')
  const place = /^([^/]+\/[^/]+)\/\.github\/workflows\/([^/@]+)@/.exec(job)
  const started = text('workflow_ref')
  return {
    owner: text('repository_owner'),
    ownerId: text('repository_owner_id'),
    repository: text('repository').split('/')[1] ?? '',
    workflow: place?.[2] ?? '',
    workflowRepository: place?.[1] ?? '',
    environment: text('environment'),
    ref: text('ref'),
    event: text('event_name'),
    called: started !== '' && job !== '' && started !== job
  }
}

/** The table that an owner lays beside the page of publishers of the index. */
export function claimsTable(values: PublisherValues): string {
  const rows: [string, string, string][] = [
    ['the publisher has', 'this run says', ''],
    ['Owner', values.owner, `id ${values.ownerId}: an account that was renamed or made anew is another one`],
    ['Repository name', values.repository, 'the name without its owner'],
    ['Workflow name', values.workflow, 'the file alone, out of job_workflow_ref'],
    [
      'Environment name',
      values.environment === '' ? '(none)' : values.environment,
      values.environment === '' ? 'leave it empty' : 'this one, or empty for any'
    ],
    ['(not registered)', values.ref, 'ref'],
    ['(not registered)', values.event, 'event']
  ]
  const [first, second] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(([field, value, note]) =>
      `${field.padEnd(first ?? 0)}  ${value.padEnd(second ?? 0)}  ${note}`.trimEnd()
    )
    .join('\n')
}
