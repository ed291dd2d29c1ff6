/**
 * Makes dist/: one readable bundle, one each of the artifact client and of the signing clients, three small entries, and
 * the licences of what is in it. The same sources and the same node_modules give the same bytes, whatever folder they
 * lie in: scripts/check-dist.mjs and CI rely on it.
 */
import { build } from 'esbuild'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The entries behind a function each, so that starting one does not load the other. */
const bundleEntry = `
export const runCommand = async (argv) => (await import('./src/cli.ts')).main(argv)
export const runAction = async () => (await import('./src/action.ts')).main()
`

/** The compile cache lies with the user's own caches: one in a shared temporary folder could be planted by others. */
const commandEntry = `#!/usr/bin/env node
'use strict'
const { homedir } = require('node:os')
const { join } = require('node:path')
const cache = process.env.TAGPROOF_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tagproof')
require('node:module').enableCompileCache?.(join(cache, 'compiled'))
require('./tagproof.cjs')
  .runCommand(process.argv.slice(2))
  .then(
    (status) => {
      process.exitCode = status
    },
    (error) => {
      console.error(error)
      process.exitCode = 4
    }
  )
`

const actionEntry = `'use strict'
require('./tagproof.cjs').runAction()
`

/**
 * A file of its own: a variable that says which part this is could be set by an earlier step. And a bundle of its own: it removes
 * one folder, at the end of every step, and would take longer to load the engine than to do that.
 */
const postEntry = `
import { post } from './src/platform/github-work.ts'
post()
`

/** GitHub's artifact client is a program of its own, so that the engine loads none of its packages. */
const artifactsEntry = `
import { main } from './src/platform/artifacts/client.ts'
main(process.argv.slice(2)).then(() => process.exit(0), (error) => {
  console.error(error)
  process.exit(1)
})
`

/** So are the clients of the signing service: they see no token of an index, and nobody else starts with them. */
const signingEntry = `
import { main } from './src/platform/signing/main.ts'
main().then(() => process.exit(0), (error) => {
  console.error(error)
  process.exit(1)
})
`

/**
 * `@actions/http-client` loads the whole of undici to be able to speak through a proxy, which few runs do: a third of
 * the start of every step. It gets it when it makes its first proxy agent.
 */
const undiciOnDemand = {
  name: 'undici-on-demand',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^undici$/ }, ({ importer }) =>
      importer.includes('http-client') ? { path: 'undici', namespace: 'on-demand' } : undefined
    )
    esbuild.onLoad({ filter: /.*/, namespace: 'on-demand' }, () => ({
      contents: `export function ProxyAgent(...given) { return new (require('undici').ProxyAgent)(...given) }`,
      resolveDir: esbuild.initialOptions.absWorkingDir
    }))
  }
}

/**
 * The artifact client can pack and unpack zip archives. Ours are single files, taken as they are: what would open an
 * archive from elsewhere is left out, with the packages under it (one of them names no licence).
 */
const artifactsAsTheyAre = {
  name: 'artifacts-as-they-are',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^(archiver|unzip-stream)$/ }, ({ path }) => ({
      path,
      namespace: 'left-out'
    }))
    esbuild.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `export default new Proxy({}, { get() { throw new Error('${path} is left out of this bundle') } })`
    }))
  }
}

/** zod carries its messages in fifty languages and loads them all; ours are our own. */
const zodInOneLanguage = {
  name: 'zod-in-one-language',
  setup(esbuild) {
    esbuild.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js'`
    }))
  }
}

/**
 * Builds the tree at \`root\` into \`outdir\`, and returns the names of the files written.
 */
export async function buildDist(root, outdir) {
  const engine = await bundle(root, bundleEntry, [undiciOnDemand, zodInOneLanguage])
  const artifacts = await bundle(root, artifactsEntry, [artifactsAsTheyAre])
  const signing = await bundle(root, signingEntry, [])
  const post = await bundle(root, postEntry, [])
  const inputs = { ...engine.inputs, ...artifacts.inputs, ...signing.inputs, ...post.inputs }
  const files = {
    'tagproof.cjs': engine.text,
    'artifacts.cjs': artifacts.text,
    'signing.cjs': signing.text,
    'cli.cjs': commandEntry,
    'action.cjs': actionEntry,
    'post.cjs': post.text,
    'licenses.txt': await licenses(root, bundledPackages(inputs))
  }
  await mkdir(outdir, { recursive: true })
  for (const [name, text] of Object.entries(files))
    await writeFile(path.join(outdir, name), text, { mode: name === 'cli.cjs' ? 0o755 : 0o644 })
  return Object.keys(files)
}

async function bundle(root, contents, plugins) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, sourcefile: 'entry.mjs', loader: 'js' },
    absWorkingDir: root,
    preserveSymlinks: true,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    charset: 'utf8',
    legalComments: 'inline',
    plugins,
    // What is written for ECMAScript modules asks where it lies, to load its package.json.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href" },
    loader: { '.py': 'text', '.sh': 'text', '.c': 'text' },
    tsconfigRaw: '{}',
    metafile: true,
    write: false,
    logLevel: 'warning'
  })
  return { text: outputFiles[0].text, inputs: metafile.inputs }
}

/** Folders of the packages that have a file in the bundle, sorted. */
function bundledPackages(inputs) {
  const folders = new Set()
  for (const file of Object.keys(inputs)) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)
    if (match !== null) folders.add(match[1])
  }
  return [...folders].sort()
}

/** Name, version, licence and licence texts of each package, once per name and version. */
async function licenses(root, folders) {
  const sections = new Map()
  for (const folder of folders) {
    const manifest = JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8'))
    const texts = []
    for (const name of (await readdir(path.join(root, folder))).sort())
      if (/^(licen[cs]e|copying|notice)/i.test(name))
        texts.push((await readFile(path.join(root, folder, name), 'utf8')).replaceAll('\r\n', '\n').trim())
    const title = `${manifest.name} ${manifest.version} (${manifest.license ?? 'no licence named'})`
    sections.set(title, [title, '', texts.join('\n\n') || 'The package carries no licence text.'].join('\n'))
  }
  const ruler = `\n\n${'-'.repeat(80)}\n\n`
  const head = 'Tagproof is under the Apache License 2.0 (LICENSE). Its bundle contains the packages below.'
  return (
    [head, ...[...sections].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)].join(ruler) + '\n'
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
  const outdir = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
  for (const name of await buildDist(root, outdir))
    console.log(path.join(path.relative(process.cwd(), outdir), name))
}
