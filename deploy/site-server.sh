#!/bin/sh
# Makes the secrets of a site server in deploy/secrets: a certificate authority, the certificates of the broker, the
# bridge and the desk, and passwords. What is there already stays as it is. Needs openssl.
#
#   deploy/site-server.sh init <name or address of this server>...
#   deploy/site-server.sh station <id>...      a certificate for each station
#   deploy/site-server.sh renew                new certificates for the broker, the bridge and the desk
set -eu

usage() {
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

[ $# -gt 0 ] || usage
task=$1
shift
case $task in
  init | station) [ $# -gt 0 ] || usage ;;
  renew) ;;
  *) usage ;;
esac

secrets=${MUSTER_SECRETS:-$(dirname "$0")/secrets}
days=825

# The folder is its owner's alone. The files in it can be read by all, for in a container each is seen by itself, by
# users that this machine does not have.
umask 022
mkdir -p "$secrets"
chmod 700 "$secrets"
cd "$secrets"

# issue <file> <common name> <subject alternative names>
issue() {
  [ -s "$1.crt" ] && return
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -addext "subjectAltName=$3" \
    -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -copy_extensions copy -days "$days" \
    -out "$1.crt" 2>/dev/null
  rm "$1.csr"
  chmod 644 "$1.key"
  echo "made $1.crt"
}

secret() {
  [ -s "$1" ] && return
  openssl rand -hex 32 > "$1"
  echo "made $1"
}

# DNS:<name> or IP:<address>, with commas between them
alternatives() {
  names=DNS:mosquitto,DNS:localhost,IP:127.0.0.1
  for name in "$@"; do
    case $name in
      *:*) kind=IP ;;
      *[!0-9.]*) kind=DNS ;;
      *) kind=IP ;;
    esac
    names=$names,$kind:$name
  done
  echo "$names"
}

case $task in
  init)
    if [ ! -s ca.crt ]; then
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=muster site ca' \
        -keyout ca.key -out ca.crt 2>/dev/null
      # The one secret that no container is given.
      chmod 600 ca.key
      echo 'made ca.crt'
    fi
    alternatives "$@" > server-names
    issue server server "$(cat server-names)"
    issue bridge bridge DNS:bridge
    issue admin admin DNS:admin
    secret influxdb-admin-password
    secret influxdb-admin-token
    secret grafana-admin-password
    ;;
  station)
    [ -s ca.crt ] || { echo 'run init first' >&2; exit 1; }
    for id in "$@"; do
      case $id in
        *[!a-z0-9-]* | config | gallery | bridge | admin | homeassistant | server | ca)
          echo "$id can't be a station: a-z, 0-9 and -, and none of the names that the broker knows" >&2
          exit 1
          ;;
      esac
      issue "$id" "$id" "DNS:$id"
    done
    ;;
  renew)
    [ -s server-names ] || { echo 'run init first' >&2; exit 1; }
    rm -f server.crt bridge.crt admin.crt
    issue server server "$(cat server-names)"
    issue bridge bridge DNS:bridge
    issue admin admin DNS:admin
    ;;
esac
