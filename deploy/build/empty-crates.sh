#!/bin/sh
# Gives every crate below this folder the sources that its manifest names, all of them empty: enough to build what it
# depends on.
set -eu
find . -mindepth 2 -name Cargo.toml -not -path './target/*' | while read -r manifest; do
  crate="$(dirname "$manifest")"
  mkdir -p "$crate/src"
  : > "$crate/src/lib.rs"
  # Tests, examples and the like that stand in the manifest by name.
  awk '/^\[/ { kind = $0 } kind ~ /^\[\[(test|example|bench)\]\]/ && /^name = / {
    gsub(/"/, "", $3); sub(/^\[\[/, "", kind); sub(/\]\]/, "", kind)
    print (kind == "bench" ? "benches" : kind "s") "/" $3 ".rs"; kind = "" }' "$manifest" |
    while read -r file; do
      mkdir -p "$crate/$(dirname "$file")"
      echo 'fn main() {}' > "$crate/$file"
    done
  if grep -q '^\[\[bin\]\]' "$manifest"; then
    echo 'fn main() {}' > "$crate/src/main.rs"
  fi
done
