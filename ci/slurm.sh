#!/bin/bash
#SBATCH --job-name=ackproof
#SBATCH --cpus-per-task=4
#SBATCH --mem=2G
#SBATCH --time=02:00:00
#SBATCH --requeue
#SBATCH --output=ackproof-%A_%a.log
#
# Slurm. Call it by hand, in a folder that all nodes share: it submits itself as an array of SHARDS tasks (4), and a merge
# that waits for them. Options of sbatch go into SBATCH_ARGS.
#
#   SHARDS=16 SBATCH_ARGS='--partition=short' ci/slurm.sh scenarios/orders.yaml
#
# A task that failed or was preempted is submitted again alone, and goes on where it stopped:
#
#   SHARDS=16 TASKS=3,7 ci/slurm.sh scenarios/orders.yaml
set -euo pipefail

if [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
  if [ $# -eq 0 ]; then
    echo "usage: [SHARDS=n] [TASKS=i,j] $0 SCENARIO..." >&2
    exit 2
  fi
  here=$(cd "$(dirname "$0")" && pwd)
  export ACKPROOF_CI=$here SHARDS=${SHARDS:-4}
  read -r -a more <<<"${SBATCH_ARGS:-}"
  # Slurm runs a copy of this file from a folder of its own: hence ACKPROOF_CI.
  array=$(sbatch --parsable --export=ALL "${more[@]}" --array="${TASKS:-0-$((SHARDS - 1))}" "$here/slurm.sh" "$@")
  echo "shards: job $array"
  # The merge waits for shards that fail, too: it says which runs are missing.
  merge=$(sbatch --parsable --export=ALL "${more[@]}" --job-name=ackproof-merge --dependency="afterany:${array%%;*}" \
    --output=ackproof-merge-%j.log --wrap="'$here/merge.sh'")
  echo "merge: job $merge, in ackproof-merge-${merge%%;*}.log"
  exit 0
fi

# Not left to SLURM_ARRAY_TASK_COUNT, which is smaller when a few tasks are submitted again.
SHARD=$((SLURM_ARRAY_TASK_ID + 1))/$SHARDS JOBS=${SLURM_CPUS_PER_TASK:-1} exec "$ACKPROOF_CI/shard.sh" "$@"
