/** What a build may look for and not find, and the package of Debian and Ubuntu that brings it. */
interface Brought {
  package: string
  programs?: readonly string[]
  /** Headers; a name that ends in `/` stands for all below it. */
  headers?: readonly string[]
  /** Names that pkg-config knows. */
  modules?: readonly string[]
}

/** Rust and Node are not here: their own packages cannot be locked, so that the compiler alone would not help. */
const broughtBy: readonly Brought[] = [
  { package: 'libpq-dev', programs: ['pg_config'], headers: ['libpq-fe.h'], modules: ['libpq'] },
  {
    package: 'default-libmysqlclient-dev',
    programs: ['mysql_config', 'mariadb_config'],
    headers: ['mysql.h'],
    modules: ['mysqlclient', 'libmariadb']
  },
  {
    package: 'libgdal-dev',
    programs: ['gdal-config'],
    headers: ['gdal.h', 'ogr_api.h', 'cpl_conv.h'],
    modules: ['gdal']
  },
  { package: 'libgeos-dev', programs: ['geos-config'], headers: ['geos_c.h'], modules: ['geos'] },
  { package: 'libproj-dev', headers: ['proj.h'], modules: ['proj'] },
  { package: 'libxml2-dev', programs: ['xml2-config'], headers: ['libxml/'], modules: ['libxml-2.0'] },
  {
    package: 'libxslt1-dev',
    programs: ['xslt-config'],
    headers: ['libxslt/', 'libexslt/'],
    modules: ['libxslt']
  },
  { package: 'libcurl4-openssl-dev', programs: ['curl-config'], headers: ['curl/'], modules: ['libcurl'] },
  { package: 'libssl-dev', headers: ['openssl/'], modules: ['openssl', 'libssl', 'libcrypto'] },
  { package: 'libffi-dev', headers: ['ffi.h'], modules: ['libffi'] },
  {
    package: 'libkrb5-dev',
    programs: ['krb5-config'],
    headers: ['gssapi/', 'krb5.h'],
    modules: ['krb5', 'krb5-gssapi']
  },
  { package: 'libldap-dev', headers: ['ldap.h', 'lber.h'], modules: ['ldap'] },
  { package: 'libsasl2-dev', headers: ['sasl/'], modules: ['libsasl2'] },
  { package: 'libcups2-dev', programs: ['cups-config'], headers: ['cups/'] },
  { package: 'zlib1g-dev', headers: ['zlib.h'], modules: ['zlib'] },
  { package: 'libbz2-dev', headers: ['bzlib.h'], modules: ['bzip2'] },
  { package: 'liblzma-dev', headers: ['lzma.h'], modules: ['liblzma'] },
  { package: 'libzstd-dev', headers: ['zstd.h'], modules: ['libzstd'] },
  { package: 'liblz4-dev', headers: ['lz4.h'], modules: ['liblz4'] },
  { package: 'libsnappy-dev', headers: ['snappy-c.h', 'snappy.h'], modules: ['snappy'] },
  { package: 'libjpeg-dev', headers: ['jpeglib.h'], modules: ['libjpeg'] },
  { package: 'libpng-dev', headers: ['png.h'], modules: ['libpng'] },
  { package: 'libfreetype-dev', headers: ['ft2build.h', 'freetype/'], modules: ['freetype2'] },
  { package: 'libcairo2-dev', headers: ['cairo.h'], modules: ['cairo'] },
  { package: 'libgirepository1.0-dev', headers: ['girepository.h'], modules: ['gobject-introspection-1.0'] },
  { package: 'libglib2.0-dev', headers: ['glib.h'], modules: ['glib-2.0'] },
  { package: 'libdbus-1-dev', headers: ['dbus/'], modules: ['dbus-1'] },
  { package: 'libsystemd-dev', headers: ['systemd/'], modules: ['libsystemd'] },
  { package: 'libsqlite3-dev', headers: ['sqlite3.h'], modules: ['sqlite3'] },
  { package: 'libyaml-dev', headers: ['yaml.h'], modules: ['yaml-0.1'] },
  { package: 'libgmp-dev', headers: ['gmp.h'], modules: ['gmp'] },
  { package: 'libmpfr-dev', headers: ['mpfr.h'], modules: ['mpfr'] },
  { package: 'libhdf5-dev', programs: ['h5cc'], headers: ['hdf5.h'], modules: ['hdf5'] },
  { package: 'libopenblas-dev', headers: ['cblas.h'], modules: ['openblas'] },
  { package: 'libsodium-dev', headers: ['sodium.h'], modules: ['libsodium'] },
  { package: 'libzmq3-dev', headers: ['zmq.h'], modules: ['libzmq'] },
  { package: 'libmagic-dev', headers: ['magic.h'], modules: ['libmagic'] },
  { package: 'libusb-1.0-0-dev', headers: ['libusb.h'], modules: ['libusb-1.0'] },
  { package: 'unixodbc-dev', headers: ['sql.h', 'sqlext.h'], modules: ['odbc'] },
  { package: 'cmake', programs: ['cmake'] },
  { package: 'ninja-build', programs: ['ninja'] },
  { package: 'swig', programs: ['swig'] },
  { package: 'gfortran', programs: ['gfortran'] },
  { package: 'bison', programs: ['bison'] },
  { package: 'flex', programs: ['flex'] },
  { package: 'autoconf', programs: ['autoconf', 'autoreconf'] },
  { package: 'automake', programs: ['automake', 'aclocal'] },
  { package: 'libtool', programs: ['libtoolize', 'glibtoolize'] },
  { package: 'nasm', programs: ['nasm'] },
  { package: 'patchelf', programs: ['patchelf'] }
]

const known = new Set(broughtBy.map((entry) => entry.package))

/** Whether a package is one that {@link missingDebianPackages} may name. */
export function isNamedForBuilds(name: string): boolean {
  return known.has(name)
}

/**
 * The Debian packages that bring what a build says it cannot find: programs, headers, and modules of pkg-config.
 * What is not in the table names nothing. The output is foreign, so it can choose among these packages and no more.
 */
export function missingDebianPackages(output: string): string[] {
  const missing = new Set<string>()
  for (const line of output.split('\n').map((text) => text.slice(0, longestLine))) {
    const header = /error: '?([\w./+-]+\.h(?:h|pp)?)'?(?:: No such file|.{0,3} file not found)/.exec(
      line
    )?.[1]
    if (header !== undefined)
      add(missing, ({ headers = [] }) =>
        headers.some((name) => (name.endsWith('/') ? header.startsWith(name) : header === name))
      )
    const module =
      /(?:Package|Dependency) '?"?([\w.+-]+)'?"?,?(?: was)? (?:not found|required by)|Dependency lookup for ([\w.+-]+) with/.exec(
        line
      )
    const asked = module?.[1] ?? module?.[2]
    if (asked !== undefined) add(missing, ({ modules = [] }) => modules.includes(asked))
    for (const said of absences) {
      const program = said.exec(line)?.[1]
      if (program !== undefined) add(missing, ({ programs = [] }) => programs.includes(program))
    }
  }
  return [...missing].sort()
}

const longestLine = 1000
/** How shells, Python and build scripts say that there is no such program. */
const absences: readonly RegExp[] = [
  /([\w.+-]+)['"]?:? (?:command |executable |program |is )?not found/i,
  /No such file or directory: ['"]([\w.+-]+)['"]/,
  /([\w.+-]+)['"]?: No such file or directory/,
  /command ['"]([\w.+-]+)['"] failed: No such file/,
  /(?:could not|cannot|can't|unable to) (?:find|locate|execute|run) ['"`]?([\w.+-]+)/i
]

function add(missing: Set<string>, fits: (entry: Brought) => boolean): void {
  for (const entry of broughtBy) if (fits(entry)) missing.add(entry.package)
}
