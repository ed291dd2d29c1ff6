import { describe, expect, it } from '@jest/globals'
import { metadataGenerators } from '../../../../src/proof/trace/metadata/generators.ts'
import { asked, outcome, type Scene } from './scene.ts'

/** Trees that state one project in the manner of each backend, and what that backend writes. */
interface Style {
  tree: Record<string, string>
  metadata: string
}

const readme = '# Demo\n\nA long text.  \n'
const code = { 'README.md': readme, LICENSE: 'Do what you like.\n', 'demo/__init__.py': '"""Demo."""\n' }

const common = `Name: demo
Version: 1.2.3
Summary: A demo of things
`
const fields = `Author: Ada
Author-email: Bob <bob@example.invalid>
Keywords: one,two
Classifier: Topic :: Utilities
Requires-Python: >=3.9
`

const pep621: Style = {
  tree: {
    ...code,
    'pyproject.toml': `[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "Demo"
version = "1.2.3"
description = "A demo\\nof things"
readme = "README.md"
requires-python = ">=3.9"
license = "MIT"
authors = [{ name = "Ada" }, { name = "Bob", email = "bob@example.invalid" }]
keywords = ["one", "two"]
classifiers = ["Topic :: Utilities"]
dependencies = ["tomli>=1; python_version < '3.11'", "attrs"]
[project.optional-dependencies]
Extra_One = ["rich>=10"]
all = ["demo[extra-one]"]
[project.urls]
Source = "https://example.invalid/demo"
`
  },
  metadata: `Metadata-Version: 2.4
${common}${fields}License-Expression: MIT
License-File: LICENSE
Project-URL: Source, https://example.invalid/demo
Description-Content-Type: text/markdown
Requires-Dist: attrs
Requires-Dist: tomli>=1; python_version < "3.11"
Provides-Extra: extra-one
Requires-Dist: rich>=10; extra == "extra-one"
Provides-Extra: all
Requires-Dist: rich>=10; extra == "all"

${readme}`
}

const setupCfg: Style = {
  tree: {
    ...code,
    'setup.py': '#!/usr/bin/env python\nfrom setuptools import setup\n\nsetup()\n',
    'setup.cfg': `[metadata]
name = demo
version = attr: demo.__version__
description = A demo of things
long_description = file: README.md
long_description_content_type = text/markdown
author = Ada
author-email = bob@example.invalid
url = https://example.invalid/demo
keywords = one, two
license = MIT
classifiers =
    Topic :: Utilities
[options]
python_requires = >=3.9
install_requires =
    attrs
    tomli>=1; python_version < "3.11"
[options.extras_require]
extra = rich>=10
`
  },
  metadata: `Metadata-Version: 2.1
${common}Home-page: https://example.invalid/demo
Author: Ada
Author-email: bob@example.invalid
Keywords: one,two
Classifier: Topic :: Utilities
Requires-Python: >=3.9
License: MIT
License-File: LICENSE
Platform: UNKNOWN
Description-Content-Type: text/markdown
Requires-Dist: attrs
Requires-Dist: tomli (>=1) ; python_version < "3.11"
Provides-Extra: extra
Requires-Dist: rich (>=10) ; extra == 'extra'

${readme}`
}

const flit: Style = {
  tree: {
    ...code,
    'pyproject.toml': `[build-system]
requires = ["flit_core >=2,<4"]
build-backend = "flit_core.buildapi"
[tool.flit.metadata]
module = "demo"
author = "Ada"
author-email = "bob@example.invalid"
home-page = "https://example.invalid/demo"
keywords = "one,two"
license = "MIT"
classifiers = ["Topic :: Utilities"]
requires = ["attrs", "tomli >=1; python_version < '3.11'"]
requires-python = ">=3.9"
description-file = "README.md"
[tool.flit.metadata.requires-extra]
extra = ["rich >=10"]
`
  },
  metadata: `Metadata-Version: 2.1
${common}Home-page: https://example.invalid/demo
Author: Ada
Author-email: bob@example.invalid
Keywords: one,two
Classifier: Topic :: Utilities
Requires-Python: >=3.9
License: MIT
Description-Content-Type: text/markdown
Requires-Dist: attrs
Requires-Dist: tomli >=1; python_version < '3.11'
Requires-Dist: rich >=10 ; extra == "extra"
Provides-Extra: extra

${readme}`
}

const poetry: Style = {
  tree: {
    ...code,
    'pyproject.toml': `[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
[tool.poetry]
name = "demo"
version = "1.2.3"
description = "A demo of things"
license = "MIT"
authors = ["Ada <ada@example.invalid>", "Bob <bob@example.invalid>"]
readme = "README.md"
homepage = "https://example.invalid/demo"
keywords = ["one", "two"]
classifiers = ["Topic :: Utilities"]
[tool.poetry.dependencies]
python = "^3.9"
attrs = "*"
tomli = { version = "^1.2", python = "<3.11" }
rich = { version = ">=10", optional = true }
[tool.poetry.extras]
extra = ["rich"]
`
  },
  metadata: `Metadata-Version: 2.3
${common}Home-page: https://example.invalid/demo
Author: Ada
Author-email: ada@example.invalid
Keywords: one,two
License: MIT
Classifier: License :: OSI Approved :: MIT License
Classifier: Programming Language :: Python :: 3
Classifier: Topic :: Utilities
Requires-Python: >=3.9,<4.0
Description-Content-Type: text/markdown
Requires-Dist: attrs
Requires-Dist: rich (>=10) ; extra == "extra"
Requires-Dist: tomli (>=1.2,<2.0) ; python_version < "3.11"
Provides-Extra: extra

${readme}`
}

const cargo: Style = {
  tree: {
    ...code,
    'Cargo.toml':
      '[package]\nname = "demo"\nversion = "1.2.3"\ndescription = "A demo of things"\nhomepage = "https://example.invalid/demo"\nauthors = ["Ada <ada@example.invalid>"]\nlicense = "MIT"\nkeywords = ["one", "two"]\nreadme = "README.md"\n',
    'pyproject.toml': `[build-system]
requires = ["maturin"]
build-backend = "maturin"
[project]
name = "demo"
dynamic = ["version"]
requires-python = ">=3.9"
classifiers = ["Topic :: Utilities"]
dependencies = ["attrs", "tomli>=1; python_version < '3.11'"]
optional-dependencies = { extra = ["rich>=10"] }
`
  },
  metadata: `Metadata-Version: 2.4
${common}Home-page: https://example.invalid/demo
Author-email: Ada <ada@example.invalid>
Keywords: one,two
License: MIT
Classifier: Topic :: Utilities
Requires-Python: >=3.9
Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM
Requires-Dist: attrs
Requires-Dist: tomli>=1; python_version < '3.11'
Requires-Dist: rich>=10; extra == 'extra'
Provides-Extra: extra
Project-URL: homepage, https://example.invalid/demo/

${readme}`
}

const styles: [string, Style][] = [
  ['[project]', pep621],
  ['setup.cfg', setupCfg],
  ['flit', flit],
  ['poetry', poetry],
  ['maturin', cargo]
]

const place = 'demo-1.2.3.dist-info/METADATA'
const line = (text: string) => (metadata: string) =>
  metadata.replace('Version: 1.2.3\n', `Version: 1.2.3\n${text}\n`)

/** What an attacker, or a plugin that nobody looked at, could change. */
const changes: [string, string, (metadata: string) => string][] = [
  ['a requirement is added', 'metadata-undeclared', line('Requires-Dist: evil')],
  [
    'a requirement of an extra is added',
    'metadata-undeclared',
    line('Requires-Dist: evil; extra == "extra"')
  ],
  [
    'a requirement has other versions',
    'metadata-differs',
    (text) => text.replace(/tomli.*1[^;\n]*/, 'tomli>=99')
  ],
  ['a requirement has another marker', 'metadata-differs', (text) => text.replace('3.11', '3.12')],
  ['a requirement is gone', 'metadata-differs', (text) => text.replace('Requires-Dist: attrs\n', '')],
  ['all requirements are gone', 'metadata-differs', (text) => text.replace(/Requires-Dist: .*\n/g, '')],
  ['an extra is added', 'metadata-undeclared', line('Provides-Extra: evil')],
  ['a home page is added', 'metadata-undeclared', line('Home-page: https://evil.invalid/')],
  ['a download address is added', 'metadata-undeclared', line('Download-URL: https://evil.invalid/')],
  ['an address is added', 'metadata-undeclared', line('Project-URL: Source, https://evil.invalid/')],
  ['a classifier is added', 'metadata-undeclared', line('Classifier: Topic :: Evil')],
  [
    'a classifier is gone',
    'metadata-differs',
    (text) => text.replace('Classifier: Topic :: Utilities\n', '')
  ],
  ['a keyword is added', 'metadata-undeclared', (text) => text.replace('one,two', 'one,two,three')],
  ['a maintainer is added', 'metadata-undeclared', line('Maintainer-email: mallory@evil.invalid')],
  [
    'the author is another',
    'metadata-differs',
    (text) => text.replace(/Author-email: .*/, 'Author-email: mallory@evil.invalid')
  ],
  ['the name is another', 'metadata-differs', (text) => text.replace('Name: demo', 'Name: demos')],
  ['the version is another', 'metadata-differs', (text) => text.replace('1.2.3', '1.2.4')],
  [
    'the licence is another',
    'metadata-differs',
    (text) => text.replace(/(License(-Expression)?): MIT/, '$1: GPL')
  ],
  ['a licence file is nowhere', 'metadata-undeclared', line('License-File: EVIL')],
  ['the version of Python is another', 'metadata-differs', (text) => text.replace('>=3.9', '>=3.8')],
  ['the version of Python is gone', 'metadata-differs', (text) => text.replace(/Requires-Python: .*\n/, '')],
  ['the version of Python is there twice', 'metadata-undeclared', line('Requires-Python: >=3.9')],
  ['the description goes on', 'metadata-differs', (text) => `${text}\nMore.\n`],
  ['there is a second description', 'metadata-differs', line('Description: Another text.')],
  [
    'the type of the description is another',
    'metadata-differs',
    (text) => text.replace('text/markdown', 'text/plain')
  ],
  ['a field is unknown', 'metadata-undeclared', line('X-Evil: 1')],
  ['a platform is added', 'metadata-undeclared', line('Platform: evil')],
  ['something external is required', 'metadata-undeclared', line('Requires-External: evil')],
  ['another project is made obsolete', 'metadata-undeclared', line('Obsoletes-Dist: pip')],
  ['a field is called dynamic that is none', 'metadata-undeclared', line('Dynamic: Evil')],
  [
    'the version of the format is none',
    'metadata-undeclared',
    (text) => text.replace(/Metadata-Version: .*/, 'Metadata-Version: 9.9')
  ],
  ['the name is gone', 'metadata-invalid', (text) => text.replace('Name: demo\n', '')]
]

const scene = ({ tree, metadata }: Style, more: Partial<Scene> = {}): Scene => ({
  tree,
  members: { [place]: metadata },
  ...more
})

describe.each(styles)('METADATA of a project with %s', (name, style) => {
  it('follows from it', async () => {
    const said = await asked(place, scene(style), metadataGenerators)
    // Flit takes the summary from the module: that is confirmed elsewhere.
    const reason = name === 'flit' ? expect.stringMatching(/not confirmed.*: Summary$/) : undefined
    expect(said).toMatchObject({
      rule: 'core-metadata',
      verdict: { traced: true, ...(reason === undefined ? {} : { reason }) }
    })
    if (name !== 'flit') expect(said?.verdict).not.toHaveProperty('reason')
  })

  it.each(changes)('is a finding where %s', async (_, code, change) => {
    const changed = { ...style, metadata: change(style.metadata) }
    expect(changed.metadata).not.toBe(style.metadata)
    expect(await outcome(place, scene(changed), metadataGenerators)).toBe(code)
  })

  it('gives PKG-INFO too, at the top of the sdist and in .egg-info', async () => {
    for (const inner of ['PKG-INFO', 'demo.egg-info/PKG-INFO', 'src/demo.egg-info/PKG-INFO']) {
      const sdist = (metadata: string): Scene => ({
        artifact: 'demo-1.2.3.tar.gz',
        tree: style.tree,
        members: { [inner]: metadata }
      })
      expect(await outcome(inner, sdist(style.metadata), metadataGenerators)).toBe('core-metadata')
      expect(
        await outcome(inner, sdist(line('Requires-Dist: evil')(style.metadata)), metadataGenerators)
      ).toBe('metadata-undeclared')
    }
  })
})

describe('a finding about metadata', () => {
  it('names the field, what was found, what is stated, and where', async () => {
    const changed = { ...pep621, metadata: pep621.metadata.replace('A demo of things', 'A demo of evil') }
    const said = await asked(place, scene(changed), metadataGenerators)
    expect(said?.verdict).toMatchObject({
      message: `${place}: Summary is "A demo of evil", and pyproject.toml says "A demo\\nof things".`,
      fix: expect.stringContaining('[project] dynamic')
    })
  })

  it('is none of another folder of the tree: the target of a monorepo has its own project', async () => {
    const tree = Object.fromEntries(Object.entries(pep621.tree).map(([path, text]) => [`sub/${path}`, text]))
    const inFolder = (folder: string): Scene => ({ tree, members: { [place]: pep621.metadata }, folder })
    expect(await outcome(place, inFolder('sub/'), metadataGenerators)).toBe('core-metadata')
    expect(await outcome(place, inFolder(''), metadataGenerators)).toBe('metadata-undeclared')
  })

  it('comes up where nothing states the project at all', async () => {
    expect(
      await outcome(place, { tree: {}, members: { [place]: pep621.metadata } }, metadataGenerators)
    ).toBe('metadata-undeclared')
  })
})

it('the PKG-INFO of older setuptools has its requirements in requires.txt alone', async () => {
  const bare = setupCfg.metadata.replace(/(Requires-Dist|Provides-Extra): .*\n/g, '')
  const sdist = (members: Record<string, string>): Scene => ({
    artifact: 'demo-1.2.3.tar.gz',
    tree: setupCfg.tree,
    members: { 'PKG-INFO': bare, ...members }
  })
  const requires = 'attrs\n\n[:python_version < "3.11"]\ntomli>=1\n\n[extra]\nrich>=10\n'
  const file = 'demo.egg-info/requires.txt'
  expect(await outcome('PKG-INFO', sdist({ [file]: requires }), metadataGenerators)).toBe('core-metadata')
  expect(await outcome('PKG-INFO', sdist({}), metadataGenerators)).toBe('metadata-differs')
  expect(await outcome(file, sdist({ [file]: requires }), metadataGenerators)).toBe('egg-requires')
  expect(await outcome(file, sdist({ [file]: `evil\n${requires}` }), metadataGenerators)).toBe(
    'metadata-undeclared'
  )
  expect(await outcome(file, sdist({ [file]: requires.replace('attrs', '') }), metadataGenerators)).toBe(
    'metadata-differs'
  )
})
