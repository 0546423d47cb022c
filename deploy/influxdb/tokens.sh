#!/bin/sh
# Makes the tokens of a site server, once: one that may only write the bucket, and one that may only read it. Runs in
# the image of InfluxDB, see deploy/compose.yaml; INFLUX_HOST and INFLUX_ORG are read by its command line.
set -eu
umask 022

INFLUX_TOKEN=$(cat /run/secrets/influxdb_admin_token)
export INFLUX_TOKEN
# The command line keeps its settings below the home folder.
export INFLUX_CONFIGS_PATH=/tmp/influx-configs

bucket=$(influx bucket list --name muster --hide-headers | cut -f 1)
[ -n "$bucket" ] || { echo 'there is no bucket muster' >&2; exit 1; }

for right in write read; do
  file=/tokens/$right/token
  [ -s "$file" ] && continue
  influx auth create "--$right-bucket" "$bucket" --description "muster: $right" --json |
    sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' > "$file.new"
  [ -s "$file.new" ] || { echo "InfluxDB made no token to $right" >&2; exit 1; }
  mv "$file.new" "$file"
done
