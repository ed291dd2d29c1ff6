import type { Attack, Files, Report } from './harness/attack.ts'
import { setuptoolsProject, wrappedSetuptools } from './harness/projects.ts'

const undeclared = (artifact: 'sdist' | 'wheel', member: string, says: string): Report => ({
  check: 'traced',
  code: 'metadata-undeclared',
  artifact,
  member,
  says
})

const wheel = 'victim-1.2.3.dist-info/METADATA'

const files: Files = setuptoolsProject(
  {
    ...wrappedSetuptools(`def change(files):
    name = "victim-1.2.3.dist-info/METADATA"
    head, body = files[name].split(b"\\n\\n", 1)
    more = b"""
Requires-Dist: fired-requires
Requires-Dist: fired-extra; extra == "fast"
Provides-Extra: fast
Project-URL: Donate, https://fired-address.example
Maintainer-email: fired-maintainer@mail.example
Obsoletes-Dist: fired-obsoletes"""
    files[name] = head + more + b"\\n\\n" + body
`),
    'MANIFEST.in': 'graft tools\ninclude hooks.py\n',
    'hooks.py': `import os

from setuptools.command.egg_info import egg_info


class EggInfo(egg_info):
    def run(self):
        super().run()
        with open(os.path.join(self.egg_info, "PKG-INFO"), "a") as stream:
            stream.write("")
        place = os.path.join(self.egg_info, "PKG-INFO")
        with open(place) as stream:
            head, body = stream.read().split("\\n\\n", 1)
        if not os.path.exists("PKG-INFO"):
            with open(place, "w") as stream:
                stream.write(head + "\\nRequires-Dist: other-requires\\n\\n" + body)
`
  },
  { backend: 'wrapped', tables: '\n[tool.setuptools.cmdclass]\negg_info = "hooks.EggInfo"\n' }
)

export const alteredMetadata: Attack = {
  name: 'altered-metadata',
  rows: '23',
  title: 'The metadata says more than the project states: requirements, addresses, people',
  caughtBy: 'Tracing: each field is derived again from pyproject.toml by a second implementation.',
  scenes: [
    {
      name: 'a backend in the tree edits METADATA',
      files,
      variants: [
        {
          name: 'requires',
          how: 'a requirement, which installers fetch and run',
          reported: [undeclared('wheel', wheel, 'fired-requires')]
        },
        {
          name: 'extra',
          how: 'a requirement of an extra',
          reported: [undeclared('wheel', wheel, 'fired-extra')]
        },
        { name: 'address', how: 'an address', reported: [undeclared('wheel', wheel, 'fired-address')] },
        {
          name: 'maintainer',
          how: 'a maintainer',
          reported: [undeclared('wheel', wheel, 'fired-maintainer')]
        },
        {
          name: 'obsoletes',
          how: 'a field that removes another package',
          reported: [undeclared('wheel', wheel, 'fired-obsoletes')]
        }
      ],
      beside: [undeclared('sdist', 'victim.egg-info/PKG-INFO', 'other-requires')]
    }
  ]
}
