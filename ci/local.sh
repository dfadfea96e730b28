#!/bin/sh
# The same on one machine: every shard a process, by GNU parallel where it is installed and else by xargs, then the merge.
# One `ackproof run` uses all cores by itself; this is to try out what a cluster would do, and for machines that share a
# file system: hand GNU parallel their names with PARALLEL='--sshlogin a,b --workdir .'.
#
#   SHARDS  how many (4)
#   RUNNER  parallel or xargs
#   and what shard.sh and merge.sh read
set -eu

if [ $# -eq 0 ]; then
  echo "usage: [SHARDS=n] $0 SCENARIO..." >&2
  exit 2
fi
here=$(dirname "$0")
shards=${SHARDS:-4}
if [ -z "${RUNNER:-}" ]; then
  RUNNER='xargs'
  if command -v parallel >/dev/null; then RUNNER='parallel'; fi
fi

# A shard that fails is told by the merge, which lists what is missing.
case $RUNNER in
  parallel) seq "$shards" | parallel --quote env SHARD={}/"$shards" "$here/shard.sh" "$@" || true ;;
  xargs) seq "$shards" | xargs -P "$shards" -I{} env SHARD={}/"$shards" "$here/shard.sh" "$@" || true ;;
  *)
    echo "RUNNER is parallel or xargs, not $RUNNER" >&2
    exit 2
    ;;
esac
exec "$here/merge.sh"
