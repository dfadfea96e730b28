#!/bin/sh
# AWS Batch. Fill in aws-batch-job.json (image, account, file system), register it once, then submit:
#
#   aws batch register-job-definition --cli-input-json file://ci/aws-batch-job.json
#   QUEUE=my-queue SHARDS=8 ci/aws-batch.sh /sweep/scenarios/orders.yaml
#
# An array job of SHARDS children (8), and a merge that depends on it. Each child knows its part by
# AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE. Results are on the file system that both mount, so a child that
# is retried goes on where it stopped. Batch starts the merge only when every child succeeded; after a failure, submit
# again, or submit the merge alone with SHARDS=0.
set -eu

if [ $# -eq 0 ] || [ -z "${QUEUE:-}" ]; then
  echo "usage: QUEUE=name [SHARDS=n] [DEFINITION=name] $0 SCENARIO..." >&2
  exit 2
fi
shards=${SHARDS:-8}
definition=${DEFINITION:-ackproof}

# The words as a JSON list. File names with quotes or backslashes are not worth more than this.
command='["/ci/shard.sh"'
for scenario in "$@"; do
  command="$command,\"$scenario\""
done
command="$command]"

set -- --job-queue "$QUEUE" --job-definition "$definition" --query jobId --output text
depends=
if [ "$shards" -gt 0 ]; then
  array=$(aws batch submit-job --job-name ackproof-shards "$@" --array-properties "size=$shards" \
    --container-overrides "{\"command\":$command}")
  echo "shards: job $array"
  depends="jobId=$array"
fi
merge=$(aws batch submit-job --job-name ackproof-merge "$@" ${depends:+--depends-on "$depends"} \
  --container-overrides '{"command":["/ci/merge.sh"]}')
echo "merge: job $merge"
