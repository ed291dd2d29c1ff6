import type { NameToReturn, ReturnedName } from '../destinations/withdrawal.ts'
import { indexFile } from '../destinations/simple-index.ts'
import type { Receipt, ReceiptDestination } from '../documents/receipt.ts'
import { printable } from '../platform/printable.ts'

/** Where a project is managed on a package index, by the name of the destination; empty for one without such a page. */
export type ManagePages = ReadonlyMap<string, URL>

/** What would be moved back, or was, and what no command can do. For a terminal. Pure. */
export function formatWithdrawal(
  receipt: Receipt,
  names: readonly (NameToReturn | ReturnedName)[],
  pages: ManagePages,
  dryRun: boolean
): string {
  const done = dryRun ? 'Would be moved back:' : 'Moved back:'
  const head =
    names.length === 0
      ? 'No name of this release is to be moved back.'
      : [done, ...names.map((one) => `  ${lineOf(one)}`)].join('\n')
  const facts = receipt.destinations.map((one) => factsOf(one, receipt, pages).map(printable).join('\n'))
  return [printable(receipt.tag), head, 'What stays, and what you do by hand:', ...facts].join('\n\n')
}

function lineOf(one: NameToReturn | ReturnedName): string {
  const { destination, name } = one
  const back = name.before === null ? 'not there, as before' : `back to ${name.before}`
  const after = {
    moved: back,
    there: `${back} already`,
    ahead: 'stays: it stands for something newer by now',
    stays: 'stays, see above'
  }
  return printable(
    `${destination.name}: ${name.name}  ${'outcome' in one ? after[one.outcome] : `${name.expected} → ${name.before ?? 'not there'}`}`
  )
}

/** One paragraph a destination: nothing that never changes is deleted. */
function factsOf(destination: ReceiptDestination, receipt: Receipt, pages: ManagePages): string[] {
  const { name, kind, address } = destination
  const head = `${name} (${address})`
  switch (kind) {
    case 'pypi':
      return [
        `${head}: yank the release, so that installers pass it over unless it is asked for exactly (PEP 592).`,
        ...yankLines(destination, pages)
      ]
    case 'directory':
      return [`${head}: the files stay. Remove them from the folder where nobody relies on them.`]
    case 'registry':
      return [
        `${head}: the tag of the version stays, and so does everything under its digest, for those who pinned it.`,
        '  To take it away, delete the manifest by its digest in the settings of the registry.'
      ]
    case 'apt':
      return [
        `${head}: the packages stay in the pool, and machines that have them keep them: apt goes back to no older version.`,
        '  Release a higher version that mends it.'
      ]
    case 'files':
      return [`${head}: the files under versioned names stay, for those who linked to them.`]
    case 'github':
      return [
        `${head}: the tag and the files stay; a release that is a draft again is seen by those alone who may write.`,
        '  An immutable release stays public: say in its notes why not to use it.'
      ]
    default:
      return [`${head}: what was written under ${receipt.tag} stays.`]
  }
}

/** One for each release of a project; PyPI has a page for it, and no API. */
function yankLines({ name, artifacts }: ReceiptDestination, pages: ManagePages): string[] {
  const releases = new Map<string, { project: string; version: string; files: string[] }>()
  for (const { name: file } of artifacts) {
    const found = indexFile(file)
    if (found === null) continue
    const key = `${found.project} ${found.version}`
    const release = releases.get(key) ?? { ...found, files: [] }
    release.files.push(file)
    releases.set(key, release)
  }
  const page = pages.get(name)
  return [...releases.values()].flatMap(({ project, version, files }) => [
    page === undefined
      ? `  ${project} ${version}: with the tools of this index`
      : `  ${project} ${version}: ${new URL(`manage/project/${encodeURIComponent(project)}/release/${encodeURIComponent(version)}/`, page).href}`,
    ...(page === undefined
      ? []
      : [
          '    as an owner: Options > Yank, with the reason; it can be undone there. Do not delete: names of files are used up for ever.'
        ]),
    `    files: ${files.join(', ')}`
  ])
}
