import { readFileSync } from 'node:fs'
import type { Content } from '../source/git-project.ts'

/** A small project with an opaque file that is shipped, and one that is not. It needs nothing to be built. */
export const project: Record<string, Content> = {
  'pyproject.toml': `[build-system]
requires = []
build-backend = "own_backend"
backend-path = ["tools"]

[project]
name = "small"
version = "1.2.3"

[tool.own]
packages = ["small"]
`,
  'tools/own_backend.py': readFileSync(new URL('../support/own_backend.py', import.meta.url), 'utf8'),
  'small/__init__.py': 'ANSWER = 42\n',
  'small/icon.bin': Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7919) % 256)),
  'tests/fixture.bin': Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 31) % 256)),
  'README.md': 'Small.\n'
}
