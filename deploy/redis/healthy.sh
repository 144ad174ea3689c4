#!/bin/sh
# Whether it lets us in and takes a write.
set -eu
REDISCLI_AUTH="$(cat /run/secrets/redis_password)"
export REDISCLI_AUTH
[ "$(redis-cli SET health 1 EX 60)" = OK ]
