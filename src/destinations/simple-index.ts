import { TagproofError } from '../platform/errors.ts'

/** A file of a project's page. */
export interface IndexedFile {
  name: string
  sha256: string
  /** Bytes. */
  size: number
}

/** One page in both of its forms: HTML (PEP 503) and JSON (PEP 691, with the fields of PEP 700). */
export interface Pages {
  html: string
  json: string
}

/** Name and version in a file name, or null for a file that no index lists (`index.html`, `.part`). */
export function indexFile(file: string): { project: string; version: string } | null {
  if (file.endsWith('.whl')) {
    const [name, version, ...tags] = file.slice(0, -'.whl'.length).split('-')
    return name === undefined || version === undefined || tags.length < 3
      ? null
      : { project: normalise(name), version }
  }
  const match = /^(.+)-([^-]+)\.(?:tar\.gz|zip)$/.exec(file)
  return match?.[1] === undefined || match[2] === undefined
    ? null
    : { project: normalise(match[1]), version: match[2] }
}

/** The normalised project name (PEP 503) of an sdist or wheel. */
export function projectOf(file: string): string {
  const found = indexFile(file)
  if (found === null)
    throw new TagproofError(
      'archive-invalid',
      `${JSON.stringify(file)} is the name of no sdist and of no wheel.`,
      {
        expected: 'name-version.tar.gz or name-version-python-abi-platform.whl'
      }
    )
  return found.project
}

/** PEP 503, "Normalized Names". */
function normalise(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase()
}

/** The page of one project. Links are relative, so that the folder can be moved and served from anywhere. */
export function projectPages(project: string, files: readonly IndexedFile[]): Pages {
  const links = files.map(
    ({ name, sha256 }) => `    <a href="${encodeURIComponent(name)}#sha256=${sha256}">${escape(name)}</a><br>`
  )
  return {
    html: page(`Links for ${project}`, links),
    json: json({
      meta: { 'api-version': '1.1' },
      name: project,
      versions: [...new Set(files.map(({ name }) => indexFile(name)?.version))],
      files: files.map(({ name, sha256, size }) => ({
        filename: name,
        url: encodeURIComponent(name),
        hashes: { sha256 },
        size
      }))
    })
  }
}

/** The page that lists the projects. */
export function rootPages(projects: readonly string[]): Pages {
  const sorted = [...projects].sort()
  return {
    html: page(
      'Simple index',
      sorted.map((project) => `    <a href="${encodeURIComponent(project)}/">${escape(project)}</a><br>`)
    ),
    json: json({ meta: { 'api-version': '1.1' }, projects: sorted.map((name) => ({ name })) })
  }
}

function page(title: string, links: readonly string[]): string {
  return [
    '<!DOCTYPE html>',
    '<html>',
    '  <head>',
    '    <meta charset="utf-8">',
    '    <meta name="pypi:repository-version" content="1.0">',
    `    <title>${escape(title)}</title>`,
    '  </head>',
    '  <body>',
    ...links,
    '  </body>',
    '</html>',
    ''
  ].join('\n')
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
