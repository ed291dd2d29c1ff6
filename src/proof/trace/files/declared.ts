import type { DeclaredGenerator } from '../../../documents/config.ts'
import { globMatcher } from '../../../source/glob.ts'
import { classify } from '../../../source/opaque.ts'
import { isCode, isStartupFile, nativeForm } from '../code.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { installPath } from '../placement.ts'

const mostSources = 20
/** Source that a compiler, a browser or a build of the sdist runs: as good a place for a payload as a module. */
const sourceName =
  /\.(c|cc|cpp|cxx|h|hh|hpp|m|mm|rs|go|f|f90|java|jar|class|js|mjs|cjs|html?|xhtml|svg|php|pl|rb|lua|sql|m4|ac|am|in|cmake|mk|toml|cfg|build)$|(^|\/)(Makefile|configure|Dockerfile|Containerfile)$/i

/**
 * The rule for what the configuration declares as generated, asked last. Whether the files under `from` have an
 * influence on anything else is for another build with those files scrambled to show; here it is decided what may be
 * declared at all.
 */
export function generatedRule(declarations: readonly DeclaredGenerator[]): Generator {
  const rules = declarations.map((declaration) => ({
    ...declaration,
    fits: globMatcher([declaration.to]),
    feeds: globMatcher(declaration.from)
  }))
  const ruleFor = ({ inner }: TracedMember): Rule | undefined =>
    rules.find(({ fits }) => fits(inner) || fits(installPath(inner)))
  return {
    name: 'declared',
    reason: 'The configuration declares it as generated.',
    matches: (member) => ruleFor(member) !== undefined,
    async derive(member, context) {
      const rule = ruleFor(member)
      return rule === undefined ? undefined : deriveDeclared(member, context, rule)
    }
  }
}

interface Rule extends DeclaredGenerator {
  feeds: (path: string) => boolean
}

async function deriveDeclared(member: TracedMember, context: TraceContext, rule: Rule): Promise<Verdict> {
  const { build } = context
  const sources = context.tree.paths.filter((path) => rule.feeds(path))
  if (sources.length === 0)
    return refused('generated-source', member, `no file of the tag fits ${rule.from.join(', ')}.`, {
      cause: 'What it is declared to be made from is not there.',
      fix: 'Correct `from:` of this entry under `generated:` in .github/tagproof.yml.'
    })
  const never = neverDeclared(member)
  if (never !== undefined)
    return refused('generated-code', member, `it is ${never}, which a declaration alone does not allow.`, {
      cause: `A file under \`generated:\` may be data${never === 'code' ? '' : ' or readable code'} only.`,
      fix: 'Make it a file of the tag; or add a waiver with a reason for check traced, code generated-code.'
    })
  const opaque = isCode(member) || isSource(member) ? await firstOpaque(sources, context) : undefined
  if (opaque !== undefined)
    return refused(
      'generated-code',
      member,
      `it is code, and ${JSON.stringify(opaque)} that it is made from cannot be read by a reviewer.`,
      {
        cause: 'Code that comes out of an opaque file is how the xz backdoor came in.',
        fix: 'Make it from readable files; or add a waiver with a reason for check traced, code generated-code.'
      }
    )
  if (build === null)
    return refused('untraced', member, 'only a build can tell whether the build makes it.', {
      cause: `Its generator is not known: ${rule.reason}`,
      fix: 'Run tagproof rehearse on the tag.'
    })
  if (!build.reproduced(member.path))
    return refused('untraced', member, 'the two worlds did not make the same.', {
      cause: 'What a generator gave is believed only where both worlds gave it.',
      fix: 'Mend what the check "reproduced" says about it first.'
    })
  return {
    traced: true,
    origin: 'declared',
    from: sources.slice(0, mostSources),
    reason: `Declared: ${rule.reason}`
  }
}

function isSource({ inner }: TracedMember): boolean {
  return sourceName.test(inner)
}

/** What no declaration can make good; undefined for anything else. */
function neverDeclared(member: TracedMember): string | undefined {
  if (/\.(pth|start)$/i.test(member.inner) || isStartupFile(installPath(member.inner)))
    return 'a file that Python runs at each start'
  if (member.kind !== 'file') return 'a link'
  if (nativeForm(member) !== undefined) return 'native code'
  const script = /^[^/]+\.data\/(scripts|data\/s?bin)\//.test(member.inner)
  if ((member.mode & 0o111) !== 0) return 'a file that can be run as a program'
  if (script || member.head.subarray(0, 2).toString('latin1') === '#!') return 'a script'
  return undefined
}

async function firstOpaque(
  sources: readonly string[],
  { tree, folder }: TraceContext
): Promise<string | undefined> {
  for (const path of sources) {
    const bytes = await tree.read(path)
    // What is too large to be read whole is read by nobody.
    if (bytes === undefined) return path
    const inside = path.startsWith(folder) ? path.slice(folder.length) : path
    if (classify(inside, bytes) !== undefined) return path
  }
  return undefined
}

function refused(
  code: string,
  member: TracedMember,
  why: string,
  detail: { cause: string; fix: string }
): Verdict {
  return {
    traced: false,
    code,
    message: `${member.inner} is declared as generated, and ${why}`.slice(0, 3000),
    ...detail
  }
}
