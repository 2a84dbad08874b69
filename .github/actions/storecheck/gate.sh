#!/usr/bin/env bash
# Lets the job pass only when the suite ran and said so.
set -euo pipefail

if [ ! -f "$REPORT/report.json" ]; then
    echo "storecheck: no report, and so no verdict"
    exit 1
fi
if [ "$CODE" != 0 ]; then
    echo "storecheck: the suite ended with exit code $CODE"
    exit 1
fi
echo "storecheck: passed"
