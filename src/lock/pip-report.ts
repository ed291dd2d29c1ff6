import { z } from 'zod'
import { TagproofError } from '../platform/errors.ts'

/** What the lock needs of pip's installation report, version 1. */
const reportField = z.object({
  version: z.literal('1'),
  install: z.array(
    z.object({
      download_info: z.object({
        url: z.string(),
        archive_info: z
          .object({ hash: z.string().optional(), hashes: z.record(z.string(), z.string()).optional() })
          .optional()
      }),
      is_direct: z.boolean(),
      requested: z.boolean(),
      requested_extras: z.array(z.string()).nullish(),
      metadata: z.object({
        name: z.string(),
        version: z.string(),
        requires_dist: z.array(z.string()).nullish()
      })
    })
  ),
  environment: z.object({ python_full_version: z.string() })
})

export interface ResolvedFile {
  /** Normalised (PEP 503). */
  name: string
  version: string
  url: string
  file: string
  sha256: string | null
  requested: boolean
  /** Asked for by address (PEP 508 `name @ url`), not by name. */
  direct: boolean
  requires: string[]
}

/** @throws TagproofError `internal` if the report is none that we know */
export function parsePipReport(text: string): { interpreter: string; files: ResolvedFile[] } {
  let report: z.output<typeof reportField>
  try {
    report = reportField.parse(JSON.parse(text))
  } catch (error) {
    throw new TagproofError('internal', 'The report of pip is not of a version that is known.', {
      cause: error
    })
  }
  const files = report.install.map((item): ResolvedFile => {
    const { url, archive_info: archive } = item.download_info
    const hash = archive?.hashes?.sha256 ?? /^sha256=([0-9a-f]{64})$/.exec(archive?.hash ?? '')?.[1] ?? null
    return {
      name: normalisedName(item.metadata.name),
      version: item.metadata.version,
      url,
      file: decodeURIComponent(new URL(url).pathname.split('/').pop() ?? ''),
      sha256: hash,
      requested: item.requested,
      direct: item.is_direct,
      requires: item.metadata.requires_dist ?? []
    }
  })
  return { interpreter: report.environment.python_full_version, files }
}

/** PEP 503. */
export function normalisedName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

/** The project that a requirement (PEP 508) names, normalised; null if it names none. */
export function requirementName(requirement: string): string | null {
  const name = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)/.exec(requirement)?.[1]
  return name === undefined ? null : normalisedName(name)
}

/** The requirement that pip finds no wheel for, as its output names it; null if it complains of something else. */
export function missingRequirement(output: string): string | null {
  return /No matching distribution found for ([^\n(]+)/.exec(output)?.[1]?.trim() ?? null
}

/** The projects that pip's complaint names, normalised; among them words that are none. */
export function complainedOf(output: string): Set<string> {
  // What comes before tells of downloads, and names everybody.
  const complaint = output.slice(Math.max(output.search(/^ERROR:/m), 0))
  return new Set(complaint.split(/[^A-Za-z0-9._-]+/).map(normalisedName))
}

/** The version specifier (PEP 440) of a requirement, empty if it takes any. */
export function requirementSpecifier(requirement: string): string {
  const specifier = /^\s*[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*\(?([^;)@]*)/.exec(requirement)?.[1]
  return specifier?.trim() ?? ''
}

/**
 * Who asks for each package: labels of the direct requirements and names of other packages. A requirement that
 * holds for an extra alone counts only if nothing else asks.
 */
export function reasons(
  files: readonly ResolvedFile[],
  requested: readonly { by: string; requirement: string }[]
): Map<string, string[]> {
  const found = new Map<string, string[]>(files.map((file) => [file.name, []]))
  const add = (name: string | null, by: string): void => {
    const list = name === null ? undefined : found.get(name)
    if (list !== undefined && !list.includes(by)) list.push(by)
  }
  const isForExtra = (requirement: string): boolean => /;.*\bextra\b/.test(requirement)
  for (const { by, requirement } of requested) add(requirementName(requirement), by)
  for (const extras of [false, true])
    for (const file of files)
      for (const requirement of file.requires) {
        const name = requirementName(requirement)
        if (isForExtra(requirement) !== extras || name === file.name) continue
        if (!extras || found.get(name ?? '')?.length === 0) add(name, file.name)
      }
  return found
}
