#!/usr/bin/env bash
# Gradescope runs this once, when it builds the autograder: downloads Partyline, verifies it, unpacks it.
set -euo pipefail

# Fill in where your course keeps the archive, and what SHA256SUMS says about it.
archive=${PARTYLINE_ARCHIVE:-https://www.example.edu/partyline-0.2.0-x86_64-unknown-linux-gnu.tar.gz}
sha256=${PARTYLINE_SHA256:-0000000000000000000000000000000000000000000000000000000000000000}

root=${AUTOGRADER:-/autograder}
file=$(mktemp)
trap 'rm -f "$file"' EXIT

if ! { command -v curl && command -v python3; } >/dev/null; then
  apt-get -q update
  apt-get -qq -y --no-install-recommends install ca-certificates curl python3
fi
curl --fail --location --silent --show-error --output "$file" "$archive"
echo "$sha256  $file" | sha256sum --check --quiet -
mkdir -p "$root/partyline"
tar -xzf "$file" --strip-components=1 -C "$root/partyline"
"$root/partyline/partyline-client" --version
