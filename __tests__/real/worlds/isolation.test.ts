import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createSocket, type Socket } from 'node:dgram'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import { pythonRoot } from '../support/root.ts'
import { freshId, python } from '../support/world.ts'

/** Tries each door from where it runs and prints what it found: one line `name open|shut`. */
const probe = `
import ctypes, json, os, socket, sys
doors = json.loads(sys.argv[1])
def attempt(name, action):
    try:
        result = action()
    except Exception as error:
        result = False
    print(name, "open" if result else "shut", flush=True)
def connect(family, address, data=b""):
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(2); s.connect(address); return True
def ask_name():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)
    s.sendto(b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\7example\\3com\\0\\0\\1\\0\\1", ("127.0.0.1", doors["dns"]))
    return len(s.recv(100)) > 0
def processes():
    return any("".join(doors["marker"]).encode() in open("/proc/%s/cmdline" % p, "rb").read()
               for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid())
attempt("loopback", lambda: connect(socket.AF_INET, ("127.0.0.1", doors["tcp"])))
attempt("abstract", lambda: connect(socket.AF_UNIX, "\\0" + doors["abstract"]))
attempt("socket-file", lambda: connect(socket.AF_UNIX, doors["socket"]))
attempt("dns", ask_name)
attempt("shadow", lambda: len(open("/etc/shadow").read()) > 0)
attempt("workspace", lambda: os.path.exists(doors["workspace"]) and open(doors["workspace"]).read() == "workspace")
attempt("processes", processes)
attempt("root-home", lambda: len(os.listdir("/root")) >= 0)
attempt("other-world", lambda: os.path.exists(doors["other"]))
`

let folder = ''
const servers: (Server | Socket)[] = []
let doors: { tcp?: number } & Record<string, unknown> = {}

async function listen(target: string | { port: number; host: string }): Promise<number> {
  const server = createServer((socket) => socket.end())
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(target, resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answerNames(): Promise<number> {
  const socket = createSocket('udp4')
  servers.push(socket)
  socket.on('message', (message, from) => socket.send(message, from.port, from.address))
  await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve))
  return socket.address().port
}

beforeAll(async () => {
  await pythonRoot()
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-isolation-test-'))
  const workspace = path.join(folder, 'workspace.txt')
  await writeFile(workspace, 'workspace')
  // As docker.sock would be: a socket file of the host.
  const socket = path.join(folder, 'docker.sock')
  const abstract = freshId()
  await Promise.all([listen(socket), listen(`\0${abstract}`)])
  const [tcp, dns] = await Promise.all([listen({ port: 0, host: '127.0.0.1' }), answerNames()])
  doors = { tcp, dns, socket, abstract, workspace, marker: ['je', 'st.js'], other: folder }
}, 600_000)

afterAll(async () => {
  for (const server of servers) server.close()
  await rm(folder, { recursive: true, force: true })
})

function parse(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string])
  )
}

describe('from a world', () => {
  it.each(['a', 'b'] as const)('%s every door is shut that is open outside of it', async (world) => {
    const script = probe.replace(
      'json.loads(sys.argv[1])',
      `json.loads(${JSON.stringify(JSON.stringify(doors))})`
    )
    const outside = await run('python3', ['-c', script], { env: plainEnvironment })
    const opened = parse(outside.stdout.toString('utf8'))
    // The control: the same code on the host. An ordinary user is kept from some doors by file modes alone.
    const forRootAlone = process.getuid?.() === 0 ? [] : ['shadow', 'root-home']
    for (const [name, state] of Object.entries(opened))
      expect([name, forRootAlone.includes(name) ? 'open' : state]).toEqual([name, 'open'])
    const inside = await python(world, script)
    expect(inside.code).toBe(0)
    expect(parse(inside.output)).toEqual(
      Object.fromEntries(Object.keys(opened).map((name) => [name, 'shut']))
    )
  })

  it.each(['a', 'b'] as const)(
    '%s the user is nobody of the host and can do nothing special',
    async (world) => {
      const code = `
import os
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"): print(name, int(status[name], 16))
print("NoNewPrivs", status["NoNewPrivs"]); print("Seccomp", status["Seccomp"]); print("Groups", status["Groups"].split())
print("uid", os.getuid() != 0 and os.geteuid() != 0)
for name in ("uid_map", "gid_map"):
    for line in open("/proc/self/" + name): print(name, line.split())
`
      const base = world === 'a' ? '1900000000' : '1900065536'
      expect((await python(world, code)).output.split('\n')).toEqual([
        ...['CapInh 0', 'CapPrm 0', 'CapEff 0', 'CapBnd 0', 'CapAmb 0', 'NoNewPrivs 1', 'Seccomp 2'],
        'Groups []',
        'uid True',
        `uid_map ['0', '${base}', '65536']`,
        `gid_map ['0', '${base}', '65536']`
      ])
    }
  )

  it('there is one network interface, lo, and it works', async () => {
    const code = `
import socket
print(sorted(name for _, name in socket.if_nameindex()))
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); c = socket.create_connection(s.getsockname()); print("connected")
`
    expect((await python('b', code)).output).toBe("['lo']\nconnected")
  })

  it('the first process is ours, and only processes of the world are seen', async () => {
    const code = 'import os\nprint(sorted(int(p) for p in os.listdir("/proc") if p.isdigit())[-1] < 10)'
    expect((await python('a', code)).output).toBe('True')
  })

  it('nothing of our environment is seen', async () => {
    process.env.GITHUB_TOKEN = 'ghs_secret'
    process.env.CI = 'true'
    try {
      const { output } = await python(
        'a',
        'import os\nfor name, value in os.environ.items(): print(name, value)'
      )
      expect(output).toMatch(/^BUILD_DIR \/build\/tree$/m)
      expect(output).not.toMatch(/ghs_secret|^CI |GITHUB|RUNNER|SUDO|npm_|^NODE/m)
    } finally {
      delete process.env.GITHUB_TOKEN
      delete process.env.CI
    }
  })

  it.each([
    ['mount', 'c.mount(b"none", b"/tmp", b"tmpfs", 0, None)'],
    ['unshare of a user namespace', 'c.unshare(0x10000000)'],
    ['ptrace', 'c.ptrace(0, 0, 0, 0)'],
    ['a key ring', 'c.syscall(250, 0, -3, 0)'],
    ['bpf', 'c.syscall(321, 0, 0, 0)'],
    ['perf_event_open', 'c.syscall(298, 0, 0, 0, 0, 0)'],
    ['userfaultfd', 'c.syscall(323, 0)'],
    ['io_uring_setup', 'c.syscall(425, 1, 0)'],
    ['a packet socket', 'c.socket(17, 3, 0)'],
    ['a vsock socket', 'c.socket(40, 1, 0)'],
    ['an AF_ALG socket', 'c.socket(38, 5, 0)'],
    ['an audit socket', 'c.socket(16, 3, 9)'],
    ['clone with a new user namespace', 'c.syscall(56, 0x10000011, 0, 0, 0, 0)']
  ])('%s is refused', async (_, call) => {
    const code = `import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\nprint(${call}, ctypes.get_errno())`
    const { output } = await python('a', code)
    // EPERM, by the filter; never ENOSYS or EINVAL, which would say that the kernel had looked.
    expect(process.arch === 'x64' ? output : '-1 1').toBe('-1 1')
  })

  it('compilers, git, threads, subprocesses and shared memory work', async () => {
    const code = `
import concurrent.futures, multiprocessing, os, subprocess
os.chdir("/tmp")
open("x.c", "w").write('#include <stdio.h>\\nint main(void) { puts("compiled"); return 0; }')
subprocess.run(["gcc", "-O2", "-o", "x", "x.c"], check=True); subprocess.run(["./x"], check=True)
subprocess.run("git init -q r && cd r && git -c user.name=a -c user.email=b commit -q --allow-empty -m x && git log --format=%s", shell=True, check=True)
with concurrent.futures.ThreadPoolExecutor() as pool: print(sum(pool.map(abs, range(-5, 0))), flush=True)
with multiprocessing.get_context("fork").Pool(2) as pool: print(pool.map(abs, [-1, -2]), flush=True)
print(open("/dev/stderr", "w").write("to stderr\\n"), flush=True)
`
    for (const world of ['a', 'b'] as const) {
      const { output, code: status } = await python(world, code)
      expect([status, output.split('\n').sort()]).toEqual([
        0,
        ['10', '15', '[1, 2]', 'compiled', 'to stderr', 'x']
      ])
    }
  })

  it('a bind is readable, also below a folder that only its owner may enter, and not writable', async () => {
    const shown = path.join(folder, 'shown')
    await run('mkdir', ['-m', '755', shown], { env: plainEnvironment })
    await writeFile(path.join(shown, 'file'), 'shown')
    const binds = [
      { source: shown, destination: '/opt/shown' },
      { source: path.join(shown, 'file'), destination: '/opt/one/file' }
    ]
    const code = `
print(open("/opt/shown/file").read(), open("/opt/one/file").read())
try: open("/opt/shown/new", "w")
except OSError as error: print(error.errno)
`
    expect((await python('b', code, { binds })).output).toBe('shown shown\n30')
  })

  it('the host’s network is there for the resolver alone, and still not as root', async () => {
    const code = `
import os, socket
s = socket.create_connection(("127.0.0.1", ${doors.tcp ?? 0}), 2)
print("connected", os.getuid(), int(open("/proc/self/status").read().split("CapEff:")[1].split()[0], 16))
print(len(open("/etc/resolv.conf").read()) >= 0)
`
    const { output } = await python('a', code, { network: 'host' })
    expect(output).toBe('connected 1000 0\nTrue')
  })
})
