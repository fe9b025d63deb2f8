#!/usr/bin/env bash
# Ardour 8 and Audacity 3.7 for tests, on a machine that has older ones: runs a command in a tree of Debian 13. Root.
#
#   tests/host_scripts/debian13.sh [COMMAND...]      without a command: all tests of Ardour and Audacity
#
# The tree is $SEGUE_DEBIAN13, else /var/tmp/segue-debian13; where it is missing it is built (3 minutes, 2 GB) from the
# Debian mirror of this machine. The command runs in this checkout, which it cannot write to, with the tree's `python`.
# Mounts and processes live in namespaces of their own and vanish with the command.
set -euo pipefail

checkout=$(realpath "$(dirname "$0")/../..")
tree=${SEGUE_DEBIAN13:-/var/tmp/segue-debian13}
packages="ardour audacity xvfb openbox xdotool x11-utils locales fonts-dejavu-core lua5.3 lua5.4 lua-socket python3-venv"
[ $# -gt 0 ] || set -- sh -c 'cd tests/host_scripts && exec python -m pytest \
  test_ardour*.py test_audacity*.py test_measure_a*.py test_conformance.py'

fail() { echo "debian13.sh: $1" >&2; exit 2; }
[ "$(id -u)" = 0 ] || fail "only root can build and enter a tree: run it with sudo"
if [ -z "${SEGUE_APART:-}" ]; then
  command -v debootstrap >/dev/null || fail "apt-get install debootstrap"
  SEGUE_APART=1 exec unshare --mount --propagation private --pid --fork --kill-child "$0" "$@"
fi

inside() { # runs a command in the tree
  chroot "$tree" env HOME=/root PATH=/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
    PYTHONDONTWRITEBYTECODE=1 PYTEST_ADDOPTS="-p no:cacheprovider" "$@"
}

if [ ! -e "$tree/etc/debian_version" ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\?$' || true)
  rm -rf "$tree.new"
  debootstrap --variant=minbase trixie "$tree.new" "${mirror:-http://deb.debian.org/debian}" >/dev/null
  mv "$tree.new" "$tree"
fi
mkdir -p "$tree/src/segue" "$tree/src/shared"
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
mount -t tmpfs tmpfs "$tree/tmp"
mount --bind "$checkout" "$tree/src/segue"
mount -o remount,bind,ro "$tree/src/segue"
[ ! -d "$checkout/../shared" ] || mount --bind "$(realpath "$checkout/../shared")" "$tree/src/shared"
for file in /etc/resolv.conf /etc/pip.conf "$HOME/.config/pip/pip.conf"; do
  [ ! -e "$file" ] || install -D -m 644 "$file" "$tree${file/#$HOME//root}"
done

if [ ! -e "$tree/packages" ] || [ "$(cat "$tree/packages")" != "$packages" ]; then
  inside sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null && apt-get clean"
  echo "$packages" >"$tree/packages"
fi
if ! cmp -s "$checkout/pyproject.toml" "$tree/pyproject.toml"; then # what the tests need, without torch
  if [ -n "${PIP_CERT:-}" ]; then install -D -m 644 "$PIP_CERT" "$tree$PIP_CERT"; fi
  inside sh -c 'python3 -m venv /venv && pip install -qq -e /src/segue pytest pytest-timeout pytest-xdist hypothesis lupa wavinfo'
  cp "$checkout/pyproject.toml" "$tree/pyproject.toml"
fi
inside sh -c 'cd /src/segue && exec "$@"' sh "$@"
