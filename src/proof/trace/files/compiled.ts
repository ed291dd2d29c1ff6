import { parseWheelName } from '../../../formats/wheel.ts'
import { nativeForm } from '../code.ts'
import type { BuildEvidence, Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { installPath } from '../placement.ts'

/** Where an import, a linker or a shell takes native code: extension modules, libraries, programs. */
const plausible =
  /\.(?:so|pyd|dll|dylib|a|lib|wasm)$|\.so\.[0-9.]+$|(?:^|\/)(?:s?bin|libexec|games|scripts|Scripts)\/[^/]+$|^usr\/lib\/(?:[^/]+\/)+[^/.]+$|^usr\/lib\/debug\/\.build-id\/[0-9a-f]{2}\/[0-9a-f]+\.debug$/
const compiledLanguages =
  /\.(?:c|cc|cpp|cxx|c\+\+|m|mm|rs|go|f|for|f77|f90|f95|f03|pyx|pxd|zig|d|cu|asm|s|wat|swift|nim|v|vala)$/i
/** Compilers that take Python itself, by distribution. */
const pythonCompilers: readonly string[] = ['mypy', 'cython', 'cffi', 'nuitka', 'pythran', 'numba', 'codon']

/**
 * Native code that the build made. What a compiler gives cannot be derived again here: it is accepted because both
 * worlds made the same from sources that are traced, and told as trusted to the sandbox.
 */
export const compiled: Generator = {
  name: 'compiled',
  reason: 'Compiled in the sandbox from sources of the tag; both worlds gave the same bytes.',
  matches: (member) => {
    const form = member.kind === 'symlink' ? undefined : nativeForm(member)
    return form !== undefined && form !== 'Python bytecode'
  },
  derive: (member, context) => Promise.resolve(deriveCompiled(member, context))
}

function deriveCompiled(member: TracedMember, context: TraceContext): Verdict {
  const form = nativeForm(member) ?? 'native code'
  const { artifact, build } = context
  if (artifact.kind === 'sdist')
    return refused('compiled-misplaced', `${member.inner} is ${form} in an sdist, which holds sources.`, {
      cause: 'A build leaves what it compiled in the source tree, or it was added by hand.',
      fix: 'Exclude it from the sdist (global-exclude *.so *.pyd in MANIFEST.in).'
    })
  if (isForAnyPlatform(artifact))
    return refused(
      'compiled-misplaced',
      `${member.inner} is ${form} in a package that says it runs anywhere.`,
      {
        cause: 'The platform of the package is "any" or "all", and this code is for one platform.',
        fix: 'Have the backend write a platform wheel (an extension module, or has_ext_modules), or make the Debian package `Architecture: any`; or leave the file out.'
      }
    )
  if (!plausible.test(installPath(member.inner)))
    return refused('compiled-misplaced', `${member.inner} is ${form} under the name of something else.`, {
      cause: 'Nothing that imports, links or starts native code looks for it under this name.',
      fix: 'Give it the name of an extension module, a library or a program, or leave it out.'
    })
  if (build === null)
    return refused(
      'untraced',
      `${member.inner} is ${form}: only a build can tell whether it comes from the tag.`,
      {
        cause: 'Compilers differ, so that a trace cannot derive it.',
        fix: 'Run tagproof rehearse on the tag: it compiles it twice, and compares.'
      }
    )
  return fromBuild(member, build, context)
}

function isForAnyPlatform({ kind, name }: TraceContext['artifact']): boolean {
  if (kind === 'wheel') return parseWheelName(name).platform === 'any'
  return kind === 'deb' && name.endsWith('_all.deb')
}

/** Where auditwheel, delocate and delvewheel put libraries of the machine that built a wheel. */
const vendored = /(?:^|\/)[^/]*\.(?:libs|dylibs)\//

const compiledElsewhere: Readonly<Record<1 | 2, string>> = {
  1: 'Compiled by one other job; nothing but that job says that it is from sources of the tag.',
  2: 'Compiled by other jobs from sources of the tag; both sets hold the same bytes.'
}

function fromBuild(member: TracedMember, build: BuildEvidence, context: TraceContext): Verdict {
  if (build.adopted !== undefined && vendored.test(member.path))
    return refused(
      'vendored-library',
      `${member.inner} is ${nativeForm(member) ?? 'native code'} of the machine that built the wheel.`,
      {
        cause:
          'The wheel was repaired: libraries that it links to were copied into it, which come from no tag.',
        fix: 'Link statically from sources of the tag, or leave the library out; a waiver with a reason accepts it.'
      }
    )
  const sources = sourcesOf(member, build, context)
  if (sources.length === 0)
    return refused(
      'compiled-without-source',
      `${member.inner} is native code, and the tag holds no source of any.`,
      {
        cause: 'The build unpacks or fetches it instead of compiling it.',
        fix: 'Commit its source and compile it in the build.'
      }
    )
  if (!build.reproduced(member.path))
    return refused('untraced', `${member.inner} is native code that the two builds did not make the same.`, {
      cause: 'What a compiler gave is believed only where both builds gave it.',
      fix: 'Mend what the check "reproduced" says about it first.'
    })
  const reason = build.adopted === undefined ? {} : { reason: compiledElsewhere[build.adopted] }
  return { traced: true, origin: 'compiled', from: sources, ...reason }
}

/** Sources that may have become it: those with its name first; at most 20. */
function sourcesOf(member: TracedMember, build: BuildEvidence, { tree, folder }: TraceContext): string[] {
  const python = pythonCompilers.some((name) => build.environment.has(name))
  const sources = tree.paths.filter(
    (path) =>
      path.startsWith(folder) &&
      !path.startsWith(`${folder}debian/`) &&
      (compiledLanguages.test(path) || (python && path.endsWith('.py')))
  )
  const stem = stemOf(member.inner)
  const named = sources.filter((path) => stemOf(path) === stem)
  return (named.length > 0 ? named : sources).slice(0, 20)
}

/** `pkg/_speedups.cpython-311-x86_64-linux-gnu.so` is called `speedups`, and so is `src/speedups.c`. */
function stemOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  return (name.split('.')[0] ?? '').replace(/^(_+|lib)/, '')
}

function refused(code: string, message: string, detail: { cause: string; fix: string }): Verdict {
  return { traced: false, code, message, ...detail }
}
