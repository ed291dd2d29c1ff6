import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface, type Interface } from 'node:readline'

/** An archive's letter: `t` tar, `g` tar.gz, `z` zip, `Z` zip for Info-ZIP, too. */
export type Packing = 't' | 'g' | 'z' | 'Z'
/** `[path, kind, what it holds]`, sorted by path. */
export type Tree = [string, 'file' | 'directory' | 'symlink' | 'other', string][]
/** What each tool made of an archive: a tree, or its complaint. */
export type Unpacked = Record<string, Tree | string>

/** Python's tarfile and zipfile, and GNU tar, in one process that unpacks archive after archive. */
export class Peers {
  private readonly child: ChildProcessWithoutNullStreams
  private readonly lines: Interface
  private readonly waiting: { resolve: (answer: Unpacked) => void; reject: (error: Error) => void }[] = []
  private readonly folder: string
  private complaints = ''

  private constructor(folder: string) {
    this.folder = folder
    this.child = spawn('python3', ['-I', path.join(import.meta.dirname, 'unpack.py'), folder])
    this.child.stderr.on('data', (piece: Buffer) => (this.complaints += piece.toString()))
    this.lines = createInterface(this.child.stdout)
    this.lines.on('line', (line) => this.waiting.shift()?.resolve(JSON.parse(line) as Unpacked))
    this.child.on('close', () => {
      for (const { reject } of this.waiting.splice(0))
        reject(new Error(`the process that unpacks has ended: ${this.complaints.slice(-2000)}`))
    })
  }

  static async start(): Promise<Peers> {
    // In memory where it can be had: thousands of small trees are written and removed again.
    const room = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
    const folder = await mkdtemp(path.join(room, 'tagproof-mutants-'))
    await chmod(folder, 0o777)
    return new Peers(folder)
  }

  unpack(packing: Packing, bytes: Buffer): Promise<Unpacked> {
    const head = Buffer.alloc(5)
    head.write(packing, 0, 'latin1')
    head.writeUInt32BE(bytes.length, 1)
    const answer = new Promise<Unpacked>((resolve, reject) => this.waiting.push({ resolve, reject }))
    this.child.stdin.write(head)
    this.child.stdin.write(bytes)
    return answer
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve))
    this.child.stdin.end()
    await ended
    this.lines.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}
