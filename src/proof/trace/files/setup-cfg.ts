import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { readSections, writeSections, type Sections } from './config-parser.ts'
import { oneOf } from './verdicts.ts'

/**
 * setuptools notes in each sdist that no tag is to be added to the version any more (`save_version_info` in
 * setuptools/command/egg_info.py), and writes the rest of the file anew through Python's configparser.
 */
export const setupCfg: Generator = {
  name: 'setup-cfg',
  reason:
    'setuptools writes setup.cfg anew, with the same settings and an [egg_info] section that adds no tag.',
  matches: ({ inner, kind }, { artifact }) =>
    artifact.kind === 'sdist' && kind === 'file' && inner === 'setup.cfg',
  derive: deriveSetupCfg
}

async function deriveSetupCfg(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  const path = `${context.folder}setup.cfg`
  const own = await context.tree.read(path)
  const sections = readSections(own?.toString('utf8') ?? '')
  if (sections === undefined || member.content === null) return undefined
  const from = own === undefined ? [] : [path]
  const outputs = ['0', 'false', 'False'].map((date) => writeSections(withEggInfo(sections, date)))
  return oneOf(
    member,
    // Built on Windows it has that system's line ends.
    outputs.flatMap((output) => [output, output.replaceAll('\n', '\r\n')]),
    {
      maker: 'setuptools',
      from
    }
  )
}

function withEggInfo(sections: Sections, date: string): Sections {
  const options = new Map(sections.get('egg_info') ?? [])
  options.set('tag_build', '')
  options.set('tag_date', date)
  return new Map(sections).set('egg_info', options)
}
