#!/bin/sh
# Installs Partyline. An archive is compared with SHA256SUMS before anything of it is used.
#
#   install.sh                         from the unpacked archive that this script is in
#   install.sh FROM                    from a folder, or the address of a release, with SHA256SUMS and the archives
#   install.sh [FROM] --prefix DIR     into DIR/bin and DIR/share (~/.local); for all users: sudo … --prefix /usr/local
set -eu

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

from='' prefix=${HOME:?}/.local
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -ge 2 ] || fail "--prefix needs a folder"; prefix=$2; shift 2 ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) fail "unknown option $1; --help shows the usage" ;;
    *) [ -z "$from" ] || fail "expected one place, found $1 after $from"; from=$1; shift ;;
  esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fetch NAME: a file of the release, into the work folder
fetch() {
  case $from in
    http://* | https://*)
      if command -v curl >/dev/null; then curl -fsSL -o "$work/$1" "$from/$1"
      elif command -v wget >/dev/null; then wget -qO "$work/$1" "$from/$1"
      else fail "curl or wget is needed to download $from/$1"
      fi || fail "cannot download $from/$1" ;;
    *) cp "$from/$1" "$work/$1" || fail "there is no $1 in $from" ;;
  esac
}

# verify NAME: compares a file of the work folder with SHA256SUMS
verify() {
  wanted=$(awk -v name="$1" '$2 == name { print $1 }' "$work/SHA256SUMS")
  [ -n "$wanted" ] || fail "SHA256SUMS has no line for $1"
  if command -v sha256sum >/dev/null; then found=$(sha256sum "$work/$1")
  elif command -v shasum >/dev/null; then found=$(shasum -a 256 "$work/$1")
  else fail "sha256sum or shasum is needed to verify $1"
  fi
  found=${found%% *}
  [ "$found" = "$wanted" ] || fail "$1 is not the file of the release: expected SHA-256 $wanted, found $found"
}

if [ -n "$from" ]; then
  case $(uname -s) in
    Linux) system=unknown-linux-gnu ;;
    Darwin) system=apple-darwin ;;
    *) fail "there is no archive for $(uname -s) here; on Windows, unpack the zip file" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "there is no archive for the processor $(uname -m); with Deno, run the sources" ;;
  esac
  fetch SHA256SUMS
  archive=$(awk -v end="-$machine-$system.tar.gz" 'index($2, end) { print $2 }' "$work/SHA256SUMS")
  [ -n "$archive" ] || fail "SHA256SUMS has no archive for $machine-$system"
  fetch "$archive"
  verify "$archive"
  tar -xzf "$work/$archive" -C "$work"
  here=$work/${archive%.tar.gz}
else
  here=$(cd "$(dirname "$0")" && pwd)
fi
[ -f "$here/partyline-server" ] || fail "there is no partyline-server in $here; name the folder or address of a release"

mkdir -p "$prefix/bin" "$prefix/share/man/man1" "$prefix/share/bash-completion/completions" \
  "$prefix/share/zsh/site-functions" "$prefix/share/fish/vendor_completions.d" || fail "cannot write to $prefix"
for program in partyline-server partyline-client; do
  # A running program keeps its old file.
  cp "$here/$program" "$prefix/bin/$program.new"
  chmod 755 "$prefix/bin/$program.new"
  mv "$prefix/bin/$program.new" "$prefix/bin/$program"
  cp "$here/man/$program.1" "$prefix/share/man/man1/"
  cp "$here/completions/$program" "$prefix/share/bash-completion/completions/"
  cp "$here/completions/_$program" "$prefix/share/zsh/site-functions/"
  cp "$here/completions/$program.fish" "$prefix/share/fish/vendor_completions.d/"
done
echo "installed partyline-server and partyline-client in $prefix/bin"
case :$PATH: in
  *:"$prefix/bin":*) ;;
  *) echo "add it to PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
