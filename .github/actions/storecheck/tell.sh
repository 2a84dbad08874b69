#!/usr/bin/env bash
# Says on the run's page what was found: annotations, the summary, and the verdict as an output.
set -euo pipefail

# GitHub refuses a summary above 1 MiB, all of it.
most=1000000

if [ -z "$REPORT" ] || [ ! -f "$REPORT/report.json" ]; then
    echo "::error title=storecheck::no report was written: see the log of the step before; nextest writes none, cargo test does"
    echo "verdict=no report" >>"$GITHUB_OUTPUT"
    exit 0
fi
cat "$REPORT/annotations.txt"
if [ "$(wc -c <"$REPORT/report.md")" -le "$most" ]; then
    cat "$REPORT/report.md" >>"$GITHUB_STEP_SUMMARY"
else
    # Whole lines; a fence that is left open ends with the page.
    head -c "$most" "$REPORT/report.md" | sed '$d' >>"$GITHUB_STEP_SUMMARY"
    printf '\n\nThe rest is in report.md, which the run keeps.\n' >>"$GITHUB_STEP_SUMMARY"
fi
sed -n 's/.*"message":"\([^"]*\)".*/verdict=\1/p' "$REPORT/badge.json" >>"$GITHUB_OUTPUT"
