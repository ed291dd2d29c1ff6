/** `bell : Depends: libpq5 (>= 15) but it is not installable`, as apt says it; further lines stand below the first. */
const unmet = /(?:Pre-?)?Depends: ([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9]+)?(?: \(([^)]*)\))?(?: but| or|$)/

/**
 * Packages that apt has not found for others, by what it printed, sorted; those that are themselves to be installed are
 * left out.
 *
 * @param own names of the packages that are tried
 */
export function missingPackages(output: string, own: readonly string[]): string[] {
  const names = output.split('\n').flatMap((line) => unmet.exec(line)?.[1] ?? [])
  return [...new Set(names)].filter((name) => !own.includes(name)).sort()
}
