#!/bin/sh
# Runs the compose cluster for real on a Debian machine that reaches no image registry: makes a base image with debootstrap
# and the Node binary in use, builds ours from what this checkout already has, trains with a leading host and two further
# ones, and checks that the run finished and that Prometheus saw its steps. Needs root, docker.io, docker-compose,
# debootstrap; starts dockerd where none runs; cleans up behind itself (images stay, for the next time).
#
#   deploy/try-compose.sh                 everything
#   deploy/try-compose.sh build           only the images
#   LOCKSTEP_EPOCHS=2 deploy/try-compose.sh
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
fail() { echo "try-compose: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "dockerd and debootstrap need root"
for tool in docker docker-compose debootstrap curl; do
  command -v "$tool" >/dev/null || fail "no $tool (apt-get install docker.io docker-compose debootstrap iptables curl)"
done

suite=${SUITE:-bookworm}
base=lockstep-base:$suite
work=$(mktemp -d)
daemon=''
project=lockstep-try-$$
compose() { docker-compose -p "$project" -f "$work/context/deploy/compose.yaml" "$@"; }

cleanup() {
  status=$?
  trap - EXIT INT TERM
  if [ -f "$work/context/deploy/compose.yaml" ]; then compose down -v --remove-orphans >/dev/null 2>&1 || :; fi
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || :
    wait "$daemon" 2>/dev/null || :
  fi
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if ! docker info >/dev/null 2>&1; then
  echo "starting dockerd"
  dockerd >"$work/dockerd.log" 2>&1 &
  daemon=$!
  tries=0
  until docker info >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 60 ] || ! kill -0 "$daemon" 2>/dev/null; then
      tail -n 20 "$work/dockerd.log" >&2
      fail "dockerd does not start"
    fi
    sleep 1
  done
fi

if [ -z "$(docker images -q "$base")" ]; then
  echo "base image ($suite)"
  debootstrap --variant=minbase --include=libstdc++6,ca-certificates "$suite" "$work/base" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" >&2; fail "debootstrap failed"; }
  # Debian's own Node is older than what we need: take the one that runs here.
  install -m 755 "$(node -p process.execPath)" "$work/base/usr/local/bin/node"
  chroot "$work/base" /usr/local/bin/node --version || fail "this Node needs libraries that $suite lacks"
  tar -C "$work/base" -c . | docker import - "$base" >/dev/null
  rm -rf "$work/base"
fi

if [ -z "$(docker images -q lockstep-prometheus)" ]; then
  echo "image with Debian's Prometheus"
  mkdir -p "$work/prometheus"
  (cd "$work/prometheus" && apt-get download prometheus >/dev/null 2>&1 && dpkg -x prometheus_*.deb files) ||
    fail "apt-get download prometheus failed"
  cat >"$work/prometheus/Dockerfile" <<END
FROM $base
COPY files/usr/bin/prometheus /usr/bin/prometheus
ENTRYPOINT ["/usr/bin/prometheus"]
END
  docker build -q -t lockstep-prometheus "$work/prometheus" >/dev/null
fi

echo "build context from this checkout"
node "$root/coordinator/setup/bootstrap.mjs" --build-only
library=$(node "$root/dist/coordinator/setup/stage-engine.js" cpu)
mkdir -p "$work/context/prebuilt"
for name in launch package.json package-lock.json tsconfig.json tsconfig.build.json LICENSE NOTICE configs coordinator proto worker deploy bench test dist node_modules; do
  if [ -e "$root/$name" ]; then cp -a "$root/$name" "$work/context/"; fi
done
cp -a "$(dirname -- "$library")" "$work/context/prebuilt/engine"

export BASE_IMAGE="$base" PROMETHEUS_IMAGE=lockstep-prometheus LOCKSTEP_CONTEXT="$work/context" LOCKSTEP_IMAGE=lockstep
export HOSTS=3 METRICS_PORT="${METRICS_PORT:-19400}" PROMETHEUS_PORT="${PROMETHEUS_PORT:-19090}"
export LOCKSTEP_EPOCHS="${LOCKSTEP_EPOCHS:-2}" LOCKSTEP_THREADS_PER_WORKER=1
echo "our image"
compose build coordinator
docker images lockstep
[ "${1:-}" = build ] && exit 0

echo "training on a leading host and two further ones"
compose up -d --scale worker=2
code=$(timeout "${LIMIT_S:-900}" docker wait "$(compose ps -q coordinator)") || { compose logs --tail 60; fail "no end in sight"; }
compose logs --tail 40 coordinator
[ "$code" = 0 ] || { compose logs --tail 60 worker; fail "the run ended with exit code $code"; }

# The target is gone by now, so look back.
query='max_over_time(lockstep_steps_total[30m])'
answer=$(curl -sf --get --data-urlencode "query=$query" "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/query") ||
  fail "Prometheus does not answer"
steps=$(printf '%s' "$answer" | node -e "
  const { data } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  console.log(Math.max(0, ...data.result.map((series) => Number(series.value[1]))));
")
echo "Prometheus saw $steps steps"
[ "$steps" -gt 0 ] || fail "Prometheus scraped no lockstep_steps_total"
