#!/bin/sh
# Builds the gateway, every function and the command, with every driver.
set -eu
features="$(ls functions | sed 's|.*|dzinza-&/cloud|' | paste -s -d , -)"
cargo build --release --locked --workspace --bins --exclude xtask --exclude dzinza-tests \
  --features "dzinza-runner/cloud,$features"
