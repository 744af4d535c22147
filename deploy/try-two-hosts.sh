#!/bin/sh
# Two hosts on one machine: two network namespaces joined by a veth pair, one launch in each. Compares the SHA-256 of the
# weights with that of a run on one host. Needs root and iproute2; cleans up behind itself.
#
#   deploy/try-two-hosts.sh [flags for both runs, such as --epochs 2]
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
[ "$(id -u)" = 0 ] || { echo "try-two-hosts: network namespaces need root" >&2; exit 77; }
command -v ip >/dev/null || { echo "try-two-hosts: no ip command (apt-get install iproute2)" >&2; exit 77; }

work=$(mktemp -d)
tag=ls$$
first=${tag}a
second=${tag}b
pids=''

cleanup() {
  status=$?
  trap - EXIT INT TERM
  for pid in $pids; do kill "$pid" 2>/dev/null || :; done
  for pid in $pids; do wait "$pid" 2>/dev/null || :; done
  ip netns del "$first" 2>/dev/null || :
  ip netns del "$second" 2>/dev/null || :
  if [ "$status" = 0 ]; then rm -rf "$work"; else echo "try-two-hosts: logs are kept in $work" >&2; fi
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The same on both sides: virtual ranks and threads fix the bits of the sums.
flags="--device cpu --virtual-ranks 2 --threads-per-worker 1 --seed 7 --epochs 1 --progress plain"
weights_sha256() { grep -oE '\b[0-9a-f]{64}\b' "$1" | tail -n 1; }

echo "one host, two workers"
# shellcheck disable=SC2086
"$root/launch" --nproc 2 $flags --project "$work/runs" --name one "$@" >"$work/one.log" 2>&1 ||
  { tail -n 40 "$work/one.log" >&2; exit 1; }

ip netns add "$first"
ip netns add "$second"
ip link add "${tag}v0" type veth peer name "${tag}v1"
ip link set "${tag}v0" netns "$first"
ip link set "${tag}v1" netns "$second"
bring_up() {
  ip -n "$1" addr add "$3/24" dev "$2"
  ip -n "$1" link set "$2" up
  ip -n "$1" link set lo up
}
bring_up "$first" "${tag}v0" 10.231.7.1
bring_up "$second" "${tag}v1" 10.231.7.2

echo "two hosts, one worker each"
rendezvous="--nnodes 2 --nproc 1 --rdzv-endpoint 10.231.7.1:29400 --rdzv-id $tag"
# shellcheck disable=SC2086
ip netns exec "$first" "$root/launch" $rendezvous --node-rank 0 $flags --project "$work/runs" --name two "$@" >"$work/first.log" 2>&1 &
leader=$!
# shellcheck disable=SC2086
ip netns exec "$second" "$root/launch" $rendezvous --node-rank 1 --device cpu --threads-per-worker 1 >"$work/second.log" 2>&1 &
follower=$!
pids="$leader $follower"
for pid in $pids; do
  wait "$pid" || { tail -n 40 "$work/first.log" "$work/second.log" >&2; exit 1; }
done
pids=''

one=$(weights_sha256 "$work/one.log")
two=$(weights_sha256 "$work/first.log")
echo "one host:  $one"
echo "two hosts: $two"
if [ -z "$one" ] || [ "$one" != "$two" ]; then
  echo "try-two-hosts: the weights differ" >&2
  exit 1
fi
echo "the same weights"
