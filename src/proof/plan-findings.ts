import type { Build } from '../documents/build.ts'
import type { World } from '../documents/identifiers.ts'
import type { Notice, Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { printable } from '../platform/printable.ts'
import { failedInB } from './build-failure.ts'

/** What the plan itself has to say about the release. */
export function planFindings(plan: Plan): Finding[] {
  const skipped = plan.skipped.map((target) =>
    finding(
      'target-not-built',
      'note',
      `The target ${target.name} (${target.kind}) is left out of this release.`
    )
  )
  const spared = plan.scramble.inputs.map(({ path, reason }) =>
    finding(
      'inputs-declared',
      'warn',
      `The configuration declares ${JSON.stringify(path)} as inputs (${reason}): world b saw these files as they are, so what they do to the build is not tested.`
    )
  )
  return [...skipped, ...spared, ...formFindings(plan), ...plan.notices.map(noticeFinding)]
}

/** A copy in a valid form shows more of its original than its size. */
function formFindings({ scramble }: Plan): Finding[] {
  const kept = scramble.files.filter((file) => file.form !== undefined)
  if (kept.length === 0) return []
  const named = kept.slice(0, mostNamed).map((file) => `${file.path} (${file.form ?? ''})`)
  const more = kept.length > mostNamed ? ` and ${kept.length - mostNamed} more` : ''
  return [
    finding(
      'form-kept',
      'warn',
      `World b saw ${kept.length} opaque files as other data in the same format, since noise stopped its build: ${named.join(', ')}${more}. What the format itself shows (names in archives, sizes of images) was not varied.`
    )
  ]
}

const mostNamed = 10

/** What each kind of notice means, and what to do. */
const noticeTexts: Record<
  Notice['code'],
  { check: Finding['check']; says: (found: string) => string; cause: string; fix: string }
> = {
  'opaque-build-file': {
    check: 'uninfluenced',
    says: (found) =>
      `holds ${found} and is read by the build by right, so world b could not be given other content`,
    cause:
      'It is a build file, or the metadata names it, and a part of it is encoded or dense beyond reading.',
    fix: 'Move the data into a file of its own that is shipped and read at run time, or write it readably. If the build must read it there, declare it under `inputs:` with a reason, which every proof shows.'
  },
  'bidi-control': {
    check: 'source',
    says: (found) => `holds ${found}, which make text look like something else than it is`,
    cause: 'Controls of text direction reorder what is shown and not what is read (CVE-2021-42574).',
    fix: 'Remove the characters, or write them as escapes such as \\u202e.'
  },
  'invisible-character': {
    check: 'source',
    says: (found) => `holds ${found}, which show nothing where code is read`,
    cause: 'Invisible characters come from copied text; they can also hide data, or tell two names apart.',
    fix: 'Remove the characters, or write them as escapes such as \\u200b.'
  },
  'encoded-message': {
    check: 'source',
    says: (found) => `object of git holds ${found}, and a build can read it`,
    cause: 'Messages and headers of commit and tag are not part of what is reviewed as files.',
    fix: 'Make the commit or tag again with a message in words. If the text must stay, waive the finding with a reason.'
  }
}

function noticeFinding({ code, severity, path, line, column, found, count }: Notice): Finding {
  const { check, says, cause, fix } = noticeTexts[code]
  const place = line === null ? '' : `:${line}:${column ?? 1}`
  const times = count > 1 ? ` (${count} times)` : ''
  return {
    check,
    code,
    severity,
    artifact: null,
    member: path,
    message: `${printable(path)}${place} ${says(found)}${times}.`,
    cause,
    fix,
    waiver: null
  }
}

/** Kinds that a target of each kind has one artifact of; of debs there may be several. */
const expectedKinds: Readonly<Record<PlanTarget['kind'], readonly string[]>> = {
  python: ['sdist', 'wheel'],
  image: ['image'],
  deb: ['deb']
}

/** Whether each target gave just what a target of its kind gives, and no two artifacts have one name. */
export function kindFindings(plan: Plan, builds: Record<World, Build>): Finding[] {
  const findings: Finding[] = []
  for (const world of ['a', 'b'] as const) {
    const names = new Set<string>()
    for (const target of plan.targets) {
      if (world === 'b' && failedInB(builds.b, target.name)) continue
      const artifacts = builds[world].targets.find((built) => built.name === target.name)?.artifacts ?? []
      const kinds = artifacts.map((artifact) => artifact.kind).sort()
      const made = target.kind === 'deb' ? [...new Set(kinds)] : kinds
      const expected = expectedKinds[target.kind]
      if (made.join() !== expected.join())
        findings.push(
          finding(
            'artifact-kinds',
            'refuse',
            `Target ${target.name} made ${made.join(', ') || 'nothing'} in world ${world}, not ${expected.join(' and ')}.`
          )
        )
      for (const { name } of artifacts) {
        if (names.has(name))
          findings.push(
            finding('artifact-name-twice', 'refuse', `Two artifacts of world ${world} are named ${name}.`)
          )
        names.add(name)
      }
    }
  }
  return findings
}

/** What an emulator ran may differ from what a machine of the platform gives, in both worlds alike. */
export function emulationFindings({ a, b }: Record<World, Build>): Finding[] {
  return a.targets.flatMap((target): Finding[] => {
    const other = b.targets.find(({ name }) => name === target.name)
    const platforms = [...new Set([...(target.emulated ?? []), ...(other?.emulated ?? [])])].sort()
    if (platforms.length === 0) return []
    const artifact = target.artifacts[0]?.name ?? null
    return [
      {
        check: 'policy',
        code: 'emulated',
        severity: 'warn',
        artifact,
        member: null,
        message: `Programs of ${platforms.join(', ')} were run by an emulator to build ${target.name}.`,
        cause:
          'The machine is of another kind. An emulator takes part in the build without being locked, and its faults are the same in both worlds.',
        fix: `Build ${target.name} on a machine of the platform.`,
        waiver: null
      }
    ]
  })
}

function finding(code: string, severity: Finding['severity'], message: string): Finding {
  return {
    check: 'policy',
    code,
    severity,
    artifact: null,
    member: null,
    message,
    cause: null,
    fix:
      severity === 'refuse'
        ? 'Look at build-a/log.txt and build-b/log.txt; give targets names of their own.'
        : null,
    waiver: null
  }
}
