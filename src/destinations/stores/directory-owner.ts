import { createHash } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

/** `MACHINE-PID-BEGIN`: a process, named so that others can tell whether it still runs. */
const pattern = /^([0-9a-f]{16})-(\d{1,10})-(\d{0,20})$/

/** Machine and process namespace, process, and when it began: a number is given to another process some day. */
export async function ownName(): Promise<string> {
  return `${await machine()}-${process.pid}-${await beginOf(process.pid)}`
}

/** Of another machine or namespace nothing can be told: its process counts as running. */
export async function lives(name: string): Promise<boolean> {
  const [, place, pid = '', begin = ''] = pattern.exec(name) ?? []
  if (place !== (await machine())) return true
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return begin === '' || (await beginOf(Number(pid))) === begin
}

async function machine(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return createHash('sha256').update(`${hostname()}\0${namespace}`).digest('hex').slice(0, 16)
}

/** Field 22 of /proc/PID/stat (proc(5)); empty where there is none. */
async function beginOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
