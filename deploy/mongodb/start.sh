#!/bin/bash
# mongod takes a key file that only its owner can read, which a mounted secret is not.
set -euo pipefail
install -m 0400 /run/secrets/mongo_keyfile /tmp/keyfile
# What a process had begun that ended in the middle keeps others from the same documents for so long; no batch of ours takes
# a second.
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile /tmp/keyfile --bind_ip_all \
  --setParameter transactionLifetimeLimitSeconds=5
