#!/usr/bin/env bash
# What the tests of engines need, from Debian's packages: Slurm, and sshfs with the program that serves its mounts.
# Where it cannot be installed it says so and ends well: those tests then skip, naming what is absent.
# `install.sh --ray` also gives Ray a virtual environment of its own, .venv-ray: the project itself needs none.
set -uo pipefail
cd "$(dirname "$0")/../.."
PACKAGES="slurmctld slurmd slurm-client sshfs openssh-sftp-server"
RAY="ray[default]==2.60.0"

is_installed() { dpkg-query -W -f '${Status}\n' $PACKAGES 2>/dev/null | grep -c '^install ok installed'; }

apt() { # nothing waits for ever: neither for a silent mirror nor for another who installs
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -o Acquire::Retries=2 -o Acquire::http::Timeout=30 \
        -o DPkg::Lock::Timeout=120 "$@" >/dev/null 2>&1
}

get_packages() { apt install -y -qq --no-install-recommends $PACKAGES; }

install_packages() {
    [ "$(is_installed)" = "$(wc -w <<<"$PACKAGES")" ] && return
    command -v apt-get >/dev/null || { echo "no apt-get here"; return; }
    [ "$(id -u)" = 0 ] || { echo "not root: apt-get install --no-install-recommends $PACKAGES"; return; }
    policy=/usr/sbin/policy-rc.d # a test's daemons are started by the test: none by the packages
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    get_packages || { apt update -qq && get_packages; } || echo "cannot install: $PACKAGES"
}

install_ray() {
    [ -x .venv-ray/bin/ray ] && return
    "${PYTHON:-python3.11}" -m venv .venv-ray &&
        .venv-ray/bin/pip install --quiet --disable-pip-version-check "$RAY" || echo "cannot install: $RAY"
}

install_packages
[ "${1:-}" = --ray ] && install_ray
exit 0
