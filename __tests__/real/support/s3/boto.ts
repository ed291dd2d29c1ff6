import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import path from 'node:path'
import { plainEnvironment } from '../../../../src/platform/process.ts'
import { pythonPackages } from '../python-packages.ts'

export interface BotoAsk {
  do: 'make' | 'put' | 'delete' | 'content'
  bucket: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  /** By default moto's own. */
  endpoint?: string
  key?: string
  text?: string
  more?: Record<string, string>
}

export interface BotoAnswer {
  answer?: unknown
  code?: string
  status?: number
}

/** What boto3 tells of an object. */
export interface BotoObject {
  text: string
  sha256: string
  type: string
  cache: string | null
  sum: string | null
}

export interface Boto {
  /** Of moto: the real server. */
  address: string
  /** Asks with boto3: the real client. */
  ask: (ask: BotoAsk) => Promise<BotoAnswer>
  close: () => Promise<void>
}

const wanted = ['moto[s3,server]==5.2.5', 'boto3==1.44.8']

/** One process of Python for both, since each takes seconds to load. */
export async function startBoto(): Promise<Boto> {
  const PYTHONPATH = await pythonPackages('s3-tools', wanted)
  const script = path.resolve('__tests__/real/support/s3/boto.py')
  const { PATH = '' } = process.env
  const env = {
    ...plainEnvironment,
    PATH,
    PYTHONPATH,
    HOME: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true'
  }
  const child = spawn('python3', [script], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value))
  const { address } = (await next()) as { address: string }
  let turn = Promise.resolve<unknown>(undefined)
  return {
    address,
    ask: (ask) => {
      const asked = turn.then(async () => {
        child.stdin.write(`${JSON.stringify(ask)}\n`)
        return (await next()) as BotoAnswer
      })
      turn = asked.catch(() => undefined)
      return asked
    },
    close: async () => {
      child.stdin.end()
      child.kill('SIGTERM')
      await ended
    }
  }
}
