import type { Content } from '../source/git-project.ts'

/** A small setuptools project with an opaque file that is shipped, and one that is not. */
export const project: Record<string, Content> = {
  'pyproject.toml': `[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "small"
version = "1.2.3"

[tool.setuptools]
packages = ["small"]

[tool.setuptools.package-data]
small = ["*.bin"]
`,
  'small/__init__.py': 'ANSWER = 42\n',
  'small/icon.bin': Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7919) % 256)),
  'tests/fixture.bin': Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 31) % 256)),
  'README.md': 'Small.\n'
}
