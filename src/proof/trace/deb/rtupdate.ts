import { oneOf } from '../files/verdicts.ts'
import type { Generator } from '../generator.ts'

/** `usr/share/python3/runtime.d/PKG.rtupdate`: compiles private modules again when the default Python changes. */
export const runtimeUpdate: Generator = {
  name: 'python3-rtupdate',
  reason: 'dh_python3 writes a hook that compiles private modules again for a new default Python.',
  matches: ({ path, kind }) =>
    kind === 'file' && /^usr\/share\/python3\/runtime\.d\/[a-z0-9][a-z0-9+.-]*\.rtupdate$/.test(path),
  derive(member, context) {
    const name = member.path.slice(member.path.lastIndexOf('/') + 1, -'.rtupdate'.length)
    const text = member.content?.toString('utf8') ?? ''
    const calls = [...text.matchAll(/^\tpy3compile (-p \S+)? (-[VX] [0-9.-]+)? (\/\S+)$/gm)]
    const there = (folder: string): boolean =>
      [...context.members.keys()].some((path) => `/${path}`.startsWith(`${folder}/`))
    const blocks = calls.flatMap(([, owner = '', version = '', folder = '']) =>
      there(folder) && (owner === '' || owner === `-p ${name}`)
        ? [
            `\n\nif [ "$1" = rtupdate ]; then\n\tpy3clean ${owner} ${folder}\n\tpy3compile ${owner} ${version} ${folder}\nfi`
          ]
        : []
    )
    return Promise.resolve(
      oneOf(member, [`#! /bin/sh\nset -e${blocks.join('')}`], { maker: 'dh_python3', from: [] })
    )
  }
}
