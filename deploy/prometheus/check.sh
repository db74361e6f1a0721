#!/bin/sh
# `npm run alerts:check`: the Prometheus configuration, its rules, and each alert seen quiet, firing and quiet again (deploy/prometheus/tests).
# With the distribution's own promtool, fetched once; where there is no way to get it this says so and is no failure.
set -eu
cd "$(dirname "$0")/../.."
status=0
bin=$(sh deploy/local/fetch-prometheus.sh .local/prometheus) || status=$?
if [ "$status" -eq 3 ]; then
  echo 'SKIPPED: alert rules were not checked, there is no promtool here (not in the PATH, and no apt-get to fetch it with)'
  exit 0
fi
[ "$status" -eq 0 ]
"$bin/promtool" check config deploy/prometheus/prometheus.yml
"$bin/promtool" test rules deploy/prometheus/tests/*.yml
