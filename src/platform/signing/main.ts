import { text } from 'node:stream/consumers'
import { answer } from './client.ts'

/** The program: a request on standard input, where no other process sees it, and the answer on standard output. */
export async function main(): Promise<void> {
  const said = JSON.stringify(await answer(await text(process.stdin)))
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(said, (error) => (error ? reject(error) : resolve()))
  })
}
