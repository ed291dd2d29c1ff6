// The lists that the package index decides by: classifiers, and identifiers of licences. They are read from the packages
// that it reads them from itself (trove-classifiers, packaging), installed from the index that pip is set up for.
//   node scripts/generate-index-data.mjs
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-index-data-'))
const program = `
import importlib.metadata, json
from packaging.licenses._spdx import EXCEPTIONS, LICENSES
from trove_classifiers import deprecated_classifiers, sorted_classifiers
print(json.dumps({
    "classifiers": [c for c in sorted_classifiers if c not in deprecated_classifiers],
    "deprecated": deprecated_classifiers,
    "licenses": sorted(entry["id"] for entry in LICENSES.values()),
    "exceptions": sorted(entry["id"] for entry in EXCEPTIONS.values()),
    "versions": {n: importlib.metadata.version(n) for n in ("trove-classifiers", "packaging")},
}))
`
try {
  execFileSync('python3', ['-m', 'venv', folder])
  const python = path.join(folder, 'bin/python')
  execFileSync(python, ['-m', 'pip', '-q', 'install', 'trove-classifiers', 'packaging'], { stdio: 'inherit' })
  const data = JSON.parse(execFileSync(python, ['-c', program], { encoding: 'utf8', maxBuffer: 2 ** 26 }))
  await write('classifiers-data.ts', classifiersText(data))
  await write('licenses-data.ts', licensesText(data))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function write(name, text) {
  await writeFile(path.join(root, 'src/formats/python', name), text)
  console.log(`wrote src/formats/python/${name}`)
}

/** Those with one parent share a line. */
function classifiersText({ classifiers, deprecated, versions }) {
  const byParent = new Map()
  for (const classifier of classifiers) {
    const cut = classifier.lastIndexOf(' :: ')
    const [parent, name] = cut < 0 ? ['', classifier] : [classifier.slice(0, cut), classifier.slice(cut + 4)]
    byParent.set(parent, [...(byParent.get(parent) ?? []), name])
  }
  const lines = [...byParent].map(([parent, names]) => `${parent} => ${names.join(' | ')}`)
  const old = Object.entries(deprecated).map(([name, others]) => `${name} => ${others.join(' | ')}`)
  return `// Made by scripts/generate-index-data.mjs from trove-classifiers ${versions['trove-classifiers']}.

/** The release of the list. */
export const classifiersVersion = '${versions['trove-classifiers']}'

/** \`parent => names\`, a line each. */
export const classifierLines = \`
${lines.join('\n')}
\`

/** Classifiers that are taken no more, \`old => instead\`, a line each; nothing behind the arrow where none takes its place. */
export const deprecatedLines = \`
${old.join('\n').replace(/ +$/gm, '')}
\`
`
}

function licensesText({ licenses, exceptions, versions }) {
  return `// Made by scripts/generate-index-data.mjs from packaging ${versions.packaging}.

/** Identifiers of the SPDX licence list. */
export const licenseLines = \`
${wrapped(licenses)}
\`

/** Identifiers of exceptions, which stand behind WITH. */
export const licenseExceptionLines = \`
${wrapped(exceptions)}
\`
`
}

function wrapped(words) {
  const lines = ['']
  for (const word of words) {
    if (lines.at(-1).length + word.length > 110) lines.push('')
    lines.push(`${lines.pop()} ${word}`.trim())
  }
  return lines.join('\n')
}
