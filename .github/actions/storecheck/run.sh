#!/usr/bin/env bash
# Runs the suite, whatever comes of it: the gate is a step of its own, so that the report is told and uploaded first.
set -euo pipefail

mkdir -p "$REPORT"
STORECHECK_REPORT=$(cd "$REPORT" && pwd)
export STORECHECK_REPORT
# A report of an earlier run must not be taken for this one's.
rm -f "$STORECHECK_REPORT/report.json" "$STORECHECK_REPORT/report.md" \
    "$STORECHECK_REPORT/annotations.txt" "$STORECHECK_REPORT/badge.json"
if [ -n "$EXPECT" ]; then
    STORECHECK_EXPECT=$PWD/$EXPECT
    case $EXPECT in /*) STORECHECK_EXPECT=$EXPECT ;; esac
    export STORECHECK_EXPECT
fi

# What an engine prints is no command to the runner, and the job's own files are none of its business.
token="storecheck-$RANDOM$RANDOM$RANDOM"
echo "::stop-commands::$token"
code=0
env -u GITHUB_OUTPUT -u GITHUB_ENV -u GITHUB_PATH -u GITHUB_STATE -u GITHUB_STEP_SUMMARY \
    bash -c "$COMMAND" || code=$?
echo
echo "::$token::"

{
    echo "report=$STORECHECK_REPORT"
    echo "code=$code"
} >>"$GITHUB_OUTPUT"
