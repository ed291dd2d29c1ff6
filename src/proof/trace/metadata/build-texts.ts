import type { TraceContext } from '../generator.ts'

/** Texts are read up to these bounds; a project with more is not looked through. */
const mostFiles = 300
const mostBytes = 1024 * 1024

const kept = new WeakMap<TraceContext, Promise<string>>()

/**
 * Which of these texts occur in no file that a build reads its metadata from: those at the top of the project, and
 * lists of requirements. Code may put a text together from parts, yet a requirement or a command that is nowhere
 * written is none of the tag's. White space, case, and `-_.` in names make no difference.
 */
export async function unwritten(texts: readonly string[], context: TraceContext): Promise<string[]> {
  const known = kept.get(context) ?? buildTexts(context)
  kept.set(context, known)
  const all = await known
  return texts.filter((text) => !all.includes(plain(text)))
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[-_.]+/g, '-')
    .replace(/\s+/g, '')
}

async function buildTexts({ tree, folder }: TraceContext): Promise<string> {
  const paths = tree.paths
    .filter((path) => path.startsWith(folder))
    .filter((path) => {
      const inner = path.slice(folder.length)
      const text = /\.(py|cfg|toml|txt|in|ini|json|ya?ml)$/i.test(inner)
      return text && (!inner.includes('/') || /requires?|requirements?|setup/i.test(inner))
    })
    .slice(0, mostFiles)
  const texts: string[] = []
  for (const path of paths) {
    const bytes = await tree.read(path)
    if (bytes !== undefined && bytes.length <= mostBytes) texts.push(plain(bytes.toString('utf8')))
  }
  return texts.join('\n')
}
