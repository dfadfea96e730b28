#!/bin/sh
# Runs one shard of the scenarios that are named. Run again, it goes on where it stopped.
#
#   SHARD       k/n, such as 2/4; without it ackproof goes by what the scheduler says (see README.md)
#   SHARDS_DIR  where results of shards go (shards)
#   JOBS        threads (all cores)
#   ACKPROOF    the program (ackproof)
set -eu

if [ $# -eq 0 ]; then
  echo "usage: [SHARD=k/n] $0 SCENARIO..." >&2
  exit 2
fi
[ -z "${SHARD:-}" ] || set -- "$@" --shard "$SHARD"
[ -z "${JOBS:-}" ] || set -- "$@" --jobs "$JOBS"
exec "${ACKPROOF:-ackproof}" run "$@" --out "${SHARDS_DIR:-shards}"
