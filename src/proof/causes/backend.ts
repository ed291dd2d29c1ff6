import type { ArchiveKind } from '../../formats/archive.ts'

/** Build backends that fixes are told for; the names of their projects. */
export const backends = [
  'setuptools',
  'hatchling',
  'flit',
  'poetry',
  'pdm',
  'meson-python',
  'scikit-build-core'
] as const
export type Backend = (typeof backends)[number]

/** A fix in the words of each backend that has its own, and of all others. */
export type BackendFix = { any: string } & Partial<Record<Backend, string>>

const ofModule: readonly [RegExp, Backend][] = [
  [/^setuptools\b|^pbr\b/, 'setuptools'],
  [/^hatchling\b/, 'hatchling'],
  [/^flit/, 'flit'],
  [/^poetry/, 'poetry'],
  [/^pdm/, 'pdm'],
  [/^mesonpy\b|^meson/, 'meson-python'],
  [/^scikit_build_core\b|^scikit-build-core\b/, 'scikit-build-core']
]

/** The backend that a `Generator:` line of WHEEL, or a `build-backend` of pyproject.toml, stands for. */
export function backendOf(name: string): Backend | null {
  return ofModule.find(([pattern]) => pattern.test(name.trim()))?.[1] ?? null
}

/** The backend that the text of WHEEL, or of pyproject.toml, names; setuptools where pyproject.toml names none. */
export function backendIn(text: string, kind: ArchiveKind): Backend | null {
  const pattern = kind === 'wheel' ? /^Generator:[ \t]*(.+)$/m : /^build-backend\s*=\s*["']([^"']+)["']/m
  const name = pattern.exec(text)?.[1]
  if (name !== undefined) return backendOf(name)
  return kind === 'sdist' ? 'setuptools' : null
}

/** The fix in the words of the backend in use. */
export function fixFor(backend: Backend | null, fix: BackendFix): string {
  return (backend === null ? undefined : fix[backend]) ?? fix.any
}

/** How to leave files out of packages. */
export const leaveOut = (glob: string): BackendFix => ({
  any: `Leave ${glob} out of the package in the configuration of the backend.`,
  setuptools: `Put "global-exclude ${glob}" into MANIFEST.in, and ${glob} into [tool.setuptools.exclude-package-data].`,
  hatchling: `Put "${glob}" into exclude of [tool.hatch.build].`,
  flit: `Put "**/${glob}" into exclude of [tool.flit.sdist].`,
  poetry: `Put "**/${glob}" into exclude of [tool.poetry].`,
  pdm: `Put "**/${glob}" into excludes of [tool.pdm.build].`
})

/** How to say which files a package has. */
export const nameFiles: BackendFix = {
  any: 'Name the files of the package in its configuration, independent of the machine that builds it.',
  setuptools:
    'Name the files in packages, package-data of [tool.setuptools] and MANIFEST.in, independent of the machine that builds it.',
  hatchling:
    'Name the files in include or artifacts of [tool.hatch.build], independent of the machine that builds it.',
  flit: 'Name the files in include of [tool.flit.sdist], independent of the machine that builds it.',
  poetry:
    'Name the files in packages and include of [tool.poetry], independent of the machine that builds it.',
  pdm: 'Name the files in includes of [tool.pdm.build], independent of the machine that builds it.',
  'meson-python':
    'Name the files in py.install_sources of meson.build, independent of the machine that builds it.'
}

/** How to keep the version to that of the tag. */
export const plainVersion: BackendFix = {
  any: 'Take the version from the tag alone, without a date or a local part.',
  setuptools:
    'Set local_scheme = "no-local-version" in [tool.setuptools_scm], and let the build change no tracked file.',
  hatchling:
    'Set raw-options = { local_scheme = "no-local-version" } in [tool.hatch.version], and let the build change no tracked file.',
  pdm: 'Use source = "scm" in [tool.pdm.version] without a date in version_format.'
}

/** How to give a compiled build a folder whose name does not change. */
export const fixedBuildFolder: BackendFix = {
  any: 'Give the build a folder with a fixed name, relative to the project.',
  'meson-python': 'Pass -Cbuild-dir=build (or builddir), or set it in [tool.meson-python.args].',
  'scikit-build-core': 'Set build-dir = "build" in [tool.scikit-build].',
  setuptools: 'Pass CPPFLAGS and CFLAGS on to the compiler, and build in the folder that build_ext is given.'
}
