# Installs missing Debian packages; sourced by deploy/quickstart and tests/setup.sh.

# install_missing PROGRAM:PACKAGE... installs the package of each program that is not on the path. Without root it
# names what is missing and goes on. No daemon of theirs is started: a policy-rc.d says no while apt runs.
install_missing() {
    local missing=() pair
    for pair in "$@"; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "missing: ${missing[*]}. Install them (apt-get install ${missing[*]}) for all that needs them." >&2
        return 0
    fi
    echo "installing ${missing[*]}"
    local policy=/usr/sbin/policy-rc.d made="" status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        made=yes
    fi
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null; } || status=$?
    [ -z "$made" ] || rm -f "$policy"
    return "$status"
}
