#!/bin/bash
# mongod takes a key file that only its owner can read, which a mounted secret is not.
set -euo pipefail
install -m 0400 /run/secrets/mongo_keyfile /tmp/keyfile
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile /tmp/keyfile --bind_ip_all
