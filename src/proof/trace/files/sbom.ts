import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'

const writers: readonly string[] = ['maturin', 'auditwheel', 'hatchling', 'repairwheel', 'delvewheel']

/** Bills of materials in `.dist-info/sboms/` (PEP 770). */
export const sbom: Generator = {
  name: 'sbom',
  reason: 'A bill of materials that the locked backend wrote into the metadata; both worlds gave the same.',
  matches: ({ inner, kind }, { artifact }) =>
    artifact.kind === 'wheel' && kind === 'file' && /^[^/]+\.dist-info\/sboms\/[^/]+\.json$/.test(inner),
  derive: (member, context) => Promise.resolve(deriveSbom(member, context))
}

function deriveSbom(member: TracedMember, { build }: TraceContext): Verdict | undefined {
  if (member.content === null) return undefined
  if (build === null)
    return {
      traced: false,
      code: 'untraced',
      message: `${member.inner} is a bill of materials: only a build can tell whether the backend wrote it.`,
      cause: 'It lists what a build used.',
      fix: 'Run tagproof rehearse on the tag.'
    }
  const known = writers.some((name) => build.environment.has(name))
  return known && build.reproduced(member.path) && isBill(member.content)
    ? { traced: true, from: [] }
    : undefined
}

function isBill(content: Buffer): boolean {
  try {
    const value = JSON.parse(content.toString('utf8')) as unknown
    return typeof value === 'object' && value !== null && ('bomFormat' in value || 'spdxVersion' in value)
  } catch {
    // No JSON is no bill of materials: the member stays untraced.
    return false
  }
}
