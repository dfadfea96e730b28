#!/bin/sh
# Joins the shards, prints the result, and ends as the whole sweep would have: 0 as expected, 1 an expectation is
# violated, 3 inconclusive or runs are missing (the rest is reported, marked as incomplete), 5 two runs or engines differ.
# On GitHub it also writes the summary of the step and annotations, on GitLab what its list of tests shows.
#
#   SHARDS_DIR   where shards left their results, at any depth (shards)
#   RESULTS_DIR  where the result goes (results)
#   ACKPROOF     the program (ackproof)
set -eu

ackproof=${ACKPROOF:-ackproof}
results=${RESULTS_DIR:-results}
code=0
"$ackproof" merge "${SHARDS_DIR:-shards}" --out "$results" --allow-missing || code=$?

for scenario in "$results"/*/; do
  [ -f "$scenario/latest" ] || continue
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    "$ackproof" report "$scenario" --format github >>"$GITHUB_STEP_SUMMARY"
    "$ackproof" report "$scenario" --format annotations
  fi
  if [ -n "${GITLAB_CI:-}" ]; then
    "$ackproof" report "$scenario" --format junit --output "${scenario}junit.xml"
  fi
done
exit "$code"
