#!/bin/sh
# The password goes by a file, where no list of processes shows it. What is counted survives a restart.
set -eu
umask 077
printf 'requirepass %s\n' "$(cat /run/secrets/redis_password)" > /tmp/redis.conf
exec redis-server /tmp/redis.conf --dir /data --appendonly yes --appendfsync everysec --save '' \
  --maxmemory 192mb --maxmemory-policy noeviction
