import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { plainEnvironment, run, runChecked } from '../../../src/platform/process.ts'

/** The linter of workflows, by hash: on x86_64 and on aarch64. */
const requirement = `zizmor==1.32.0 \\
  --hash=sha256:84a6acb975accc13408786a2bd274b572537ca19c933ebbc13e78f3988562071 \\
  --hash=sha256:0cdd38fca6eb34ceb567548548d706332e3535ea66894b9168c048e03207b68c
`

/** Installs it into a folder, from the index that pip is set up for. Returns the program. */
export async function installZizmor(folder: string): Promise<string> {
  const env = { ...process.env } as Record<string, string>
  const venv = path.join(folder, 'venv')
  await runChecked('python3', ['-m', 'venv', venv], { env })
  const file = path.join(folder, 'zizmor.txt')
  await writeFile(file, requirement)
  const args = ['-m', 'pip', '-q', 'install', '--no-deps', '--require-hashes', '-r', file]
  await runChecked(path.join(venv, 'bin/python'), args, { env })
  return path.join(venv, 'bin/zizmor')
}

/** What it finds in the strict persona, without a network: rule and place, one a line. Empty: nothing. */
export async function zizmorFindings(program: string, file: string): Promise<string[]> {
  const args = ['--offline', '--persona', 'pedantic', '--format', 'json', file]
  const { code, stdout, stderr } = await run(program, args, { env: plainEnvironment })
  const found = JSON.parse(stdout.toString('utf8')) as { ident: string; desc: string }[]
  if (found.length === 0 && code !== 0) throw new Error(stderr.toString('utf8'))
  return found.map(({ ident, desc }) => `${ident}: ${desc}`)
}
