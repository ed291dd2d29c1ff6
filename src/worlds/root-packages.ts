/**
 * The usual packages of the `python` root, each with its reason; their dependencies come with them. A project that
 * needs more says so in its configuration (`packages`). No pip, setuptools or wheel as modules: what a build imports
 * comes from the locked build environment alone.
 */
export const pythonRootPackageReasons: Readonly<Record<string, string>> = {
  python3: 'the interpreter that runs the build backend',
  'python3-dev': 'headers and configuration for extension modules',
  'python3-pip-whl': 'pip as a wheel, for the resolver of the lock; not importable by a build',
  gcc: 'C extension modules, and the later clock of world b',
  'g++': 'C++ extension modules',
  'libc6-dev': 'headers of the C library',
  make: 'Makefiles that setup scripts call',
  'pkg-config': 'how build scripts find libraries',
  git: 'setuptools-scm, hatch-vcs, pbr and versioneer ask git for version and file list',
  gettext: 'msgfmt for translations that are compiled at build',
  locales: 'the data from which the locale of world b is made',
  tzdata: 'the time zone of world b',
  'ca-certificates': 'the resolver of the lock talks to an index over TLS'
}

export const pythonRootPackages: readonly string[] = Object.keys(pythonRootPackageReasons)

/**
 * The usual packages of a `deb` root: what Policy 4.2 lets every package build with, and what makes the worlds differ.
 * All else is asked for by `Build-Depends`, or by the configuration.
 */
export const debRootPackageReasons: Readonly<Record<string, string>> = {
  'build-essential':
    'compilers, make and dpkg-dev, which Build-Depends need not name; also the later clock of world b',
  locales: 'the data from which the locale of world b is made',
  tzdata: 'the time zone of world b'
}

export const debRootPackages: readonly string[] = Object.keys(debRootPackageReasons)

/** What an image is made of that starts from the Debian root: an interpreter; a project adds what it needs. */
export const imageRootPackageReasons: Readonly<Record<string, string>> = {
  python3: 'the interpreter of the installed wheel',
  'ca-certificates': 'TLS for the programs of the image'
}

export const imageRootPackages: readonly string[] = Object.keys(imageRootPackageReasons)

/** The root of tools: locked where images are made and no target has a root with a compiler. */
export const toolsRootPackageReasons: Readonly<Record<string, string>> = {
  gcc: 'the later clock of world b',
  'libc6-dev': 'headers of the C library'
}

export const toolsRootPackages: readonly string[] = Object.keys(toolsRootPackageReasons)
