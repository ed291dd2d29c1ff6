import { canaryFolder } from '../settings.ts'

/** Where the enclosure shows the programs of BuildKit. */
export const programFolder = '/opt/buildkit'

/**
 * Starts the daemon, lets it tell its canary, builds, and leaves `image.tar` in /out. The daemon's state is a folder
 * that no other build has seen; it ends with the enclosure.
 *
 * Arguments: HOME, then those of `buildctl build`.
 */
export const buildkitScript = `
home=$1
shift
cd "$home"
printf '#!/bin/sh\\nexec /usr/bin/python3 -I -S /tagproof/runtime.py "$@"\\n' >runtime
chmod 0755 runtime
: >/out/steps
mkdir state
# In a user namespace overlays need attributes that a file system in memory may not have.
snapshotter=overlayfs
if [ "$(stat -f -c %T state)" = tmpfs ]; then snapshotter=native; fi
export BUILDKIT_HOST="unix://$home/buildkit.sock" DOCKER_CONFIG="$home"
${programFolder}/buildkitd --addr "$BUILDKIT_HOST" --root "$home/state" --containerd-worker=false --oci-worker=true \\
  --oci-worker-rootless=true --oci-worker-net=host --oci-worker-snapshotter="$snapshotter" --oci-worker-gc=false \\
  --oci-worker-binary="$home/runtime" --otel-socket-path "$home/otel.sock" --cdi-disabled \\
  --allow-insecure-entitlement=network.host >buildkitd.log 2>&1 &
daemon=$!
tries=0
until ${programFolder}/buildctl debug workers --format '{{range .}}{{index .Labels "org.mobyproject.buildkit.worker.snapshotter"}}{{end}}' >/out/snapshotter 2>/dev/null; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ] || ! kill -0 "$daemon" 2>/dev/null; then
    cat buildkitd.log
    echo 'tagproof-builder: the daemon did not start'
    exit 90
  fi
  sleep 0.05
done
tell() { ${programFolder}/buildctl build --progress=plain --no-cache --frontend dockerfile.v0 --opt cmdline=dockerfile.v0 "$@"; }

mkdir -p canary empty
printf 'FROM scratch\\nCOPY --from=tagproof-canary /canary /canary\\n' >canary/Dockerfile
tell --local dockerfile=canary --local context=empty --local tagproof-canary=${canaryFolder} \\
  --opt context:tagproof-canary=local:tagproof-canary --output type=local,dest=told >canary.log 2>&1 || {
  cat canary.log
  tail -n 20 buildkitd.log
  echo 'tagproof-builder: the canary build failed'
  exit 91
}
cp told/canary /out/canary

code=0
tell --allow network.host --metadata-file /out/metadata.json "$@" || code=$?
if [ "$code" != 0 ]; then grep -E 'level=(error|fatal)' buildkitd.log | tail -n 20 >&2 || :; fi
exit "$code"
`
