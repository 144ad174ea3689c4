#!/bin/sh
# Garage reads the key of its first bucket from the environment alone.
set -eu
GARAGE_DEFAULT_ACCESS_KEY="$(cat /run/secrets/aws_access_key_id)"
GARAGE_DEFAULT_SECRET_KEY="$(cat /run/secrets/aws_secret_access_key)"
export GARAGE_DEFAULT_ACCESS_KEY GARAGE_DEFAULT_SECRET_KEY
exec garage server --single-node --default-bucket
