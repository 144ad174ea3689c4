#!/bin/sh
# The accounts' database and its owner, who is no superuser. Runs once, when the cluster is made.
set -eu
psql --set=ON_ERROR_STOP=1 --username postgres --dbname postgres --set=password="$(cat /run/secrets/db_password)" <<'SQL'
CREATE ROLE dzinza_user LOGIN PASSWORD :'password';
CREATE DATABASE dzinza_db OWNER dzinza_user;
REVOKE ALL ON DATABASE dzinza_db FROM PUBLIC;
SQL
