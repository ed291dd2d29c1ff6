import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pythonTool } from '../support/pypi/tools.ts'
import { readForm, type Form } from '../support/pypi/multipart.ts'

/** What `twine upload` sends for each file, by file name: a server on the loopback takes it all. */
export async function formsOfTwine(files: readonly string[]): Promise<Map<string, Form>> {
  const forms = new Map<string, Form>()
  const server = createServer((request, response) => {
    readForm(request.headers['content-type'] ?? '', request).then(
      (form) => {
        forms.set(form.file?.filename ?? '', form)
        response.end()
      },
      (error: unknown) => {
        response.statusCode = 400
        response.end(String(error))
      }
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}/legacy/`
    const login = ['--username', 'somebody', '--password', 'nothing']
    const args = ['upload', '--non-interactive', '--disable-progress-bar', '--repository-url', url]
    const ended = await pythonTool('twine', [...args, ...login, ...files])
    if (ended.code !== 0) throw new Error(`${ended.stdout.toString()}\n${ended.stderr.toString()}`)
    return forms
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
