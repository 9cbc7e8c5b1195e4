# Set-up shared by tests/run and .ci/run; sourced. Each function does nothing when its part is there already.

# shellcheck source=deploy/packages.sh
. "$root/deploy/packages.sh"

# Debian packages the real parts come from. `$1` is non-empty for the fast tier, which has no browser.
setup_packages() {
    local wanted=(smartctl:smartmontools mkfs.ext4:e2fsprogs losetup:mount python3:python3)
    wanted+=(openssl:openssl restic:restic mkfs.btrfs:btrfs-progs sshd:openssh-server ssh:openssh-client)
    wanted+=(xz:xz-utils zstd:zstd bindfs:bindfs)
    wanted+=(/usr/lib/nagios/plugins/check_disk:monitoring-plugins-basic)
    wanted+=(prometheus-node-exporter:prometheus-node-exporter)
    wanted+=(/lib/nut/dummy-ups:nut-server upsc:nut-client)
    wanted+=(podman:podman crun:crun busybox:busybox-static)
    # A systemd of the stories' own is booted in namespaces; none is started here.
    wanted+=(systemctl:systemd dbus-daemon:dbus nsenter:util-linux)
    [ -n "$1" ] || wanted+=(chromium:chromium ip:iproute2 c++:g++)
    install_missing "${wanted[@]}"
    [ -e /usr/share/pam-configs/systemd ] || install_missing pam_systemd:libpam-systemd
    python3 -c 'import ensurepip' 2>/dev/null || install_missing ensurepip:python3-venv
}

# QEMU, a kernel for it, and the arrays that are built in it. The kernel is unpacked beside the target folder's other tools,
# and nothing of it is installed: it is not for this machine.
setup_guest() {
    local tools="$CARGO_TARGET_DIR/tools/kernel" package
    export NEARMISS_TEST_KERNEL="$tools"
    [ -z "$1" ] && [ "$(uname -m)" = x86_64 ] || return 0
    install_missing qemu-system-x86_64:qemu-system-x86 depmod:kmod cpio:cpio strip:binutils mdadm:mdadm lvm:lvm2
    if compgen -G "$tools/lib/modules/*/modules.dep" >/dev/null || ! command -v apt-get >/dev/null; then return 0; fi
    say "unpacking a kernel for the guests (once)"
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }')
    [ -n "$package" ] || return 0
    rm -rf "$tools"
    mkdir -p "$tools"
    (cd "$tools" && apt-get download -qq "$package" 2>/dev/null && dpkg -x "$package"_*.deb . && rm "$package"_*.deb &&
        PATH="$PATH:/usr/sbin" depmod -b "$tools" "$(basename "$tools"/lib/modules/*)") || rm -rf "$tools"
}

# A PostgreSQL of the tests' own, started by a user that is not root in a folder of its own and ended by `end_postgres`. Where
# there is none, NEARMISS_TEST_POSTGRES stays unset.
setup_postgres() {
    unset NEARMISS_TEST_POSTGRES
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || install_missing initdb:postgresql
    local programs as=()
    programs=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1) || return 0
    postgres_folder=$(mktemp -d /tmp/nearmiss-postgres-XXXXXX)
    if [ "$(id -u)" -eq 0 ]; then
        as=(setpriv --reuid postgres --regid postgres --clear-groups)
        chown postgres "$postgres_folder"
    fi
    postgres=("${as[@]}" "$programs/pg_ctl" -D "$postgres_folder/data" -l "$postgres_folder/server.log" -w)
    # What it holds is worth nothing after the tests.
    "${as[@]}" "$programs/initdb" -D "$postgres_folder/data" -U nearmiss -A trust --locale=C.UTF-8 -E UTF8 --no-sync >/dev/null &&
        "${postgres[@]}" -o "-k $postgres_folder -h '' -c fsync=off -c max_connections=300" start >/dev/null || return 0
    export NEARMISS_TEST_POSTGRES="postgres://nearmiss@localhost/postgres?host=$postgres_folder"
    export PATH="$PATH:$programs"
}

end_postgres() {
    [ -n "${postgres_folder:-}" ] || return 0
    "${postgres[@]}" -m immediate stop >/dev/null || true
    rm -rf "$postgres_folder"
    unset postgres_folder NEARMISS_TEST_POSTGRES
}

# Programs of others that benches measure themselves against.
setup_peers() {
    install_missing prometheus-node-exporter:prometheus-node-exporter openssl:openssl /usr/sbin/rsyslogd:rsyslog
}

# An SMTP sink and an iCalendar reader that share no code with ours.
setup_python() {
    local venv="$CARGO_TARGET_DIR/venv" stamp="$CARGO_TARGET_DIR/venv/.ready-1"
    export NEARMISS_TEST_PYTHON="$venv/bin/python"
    [ -f "$stamp" ] && return 0
    say "python environment"
    rm -rf "$venv"
    mkdir -p "$CARGO_TARGET_DIR"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/tests/requirements.txt"
    touch "$stamp"
}

# apcupsd, unpacked and not installed: Debian lets it and NUT not be on one machine.
setup_apcupsd() {
    export NEARMISS_TEST_APCUPSD="$CARGO_TARGET_DIR/apcupsd"
    [ ! -x "$NEARMISS_TEST_APCUPSD/sbin/apcupsd" ] && command -v apt-get >/dev/null || return 0
    say "unpacking apcupsd (once)"
    local part="$NEARMISS_TEST_APCUPSD.part" package
    rm -rf "$part"
    mkdir -p "$part"
    (cd "$part" && apt-get download -qq apcupsd libusb-0.1-4) || return 0
    for package in "$part"/*.deb; do dpkg -x "$package" "$part"; done
    rm -rf "$NEARMISS_TEST_APCUPSD"
    mv "$part" "$NEARMISS_TEST_APCUPSD"
}

# Debian's chronyd, unpacked beside the target folder's other tools: installed, it would push out whatever keeps this
# machine's clock.
setup_chrony() {
    local tools="$CARGO_TARGET_DIR/tools/chrony"
    export PATH="$PATH:/usr/sbin:$tools/usr/sbin:$tools/usr/bin"
    { command -v chronyd && command -v chronyc; } >/dev/null && return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "missing: chronyd and chronyc. The stories of the host's clock are skipped." >&2
        return 0
    fi
    say "unpacking chrony (once)"
    mkdir -p "$tools"
    (cd "$tools" && apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libedit2 libseccomp2 >/dev/null &&
        apt-get download -qq chrony 2>/dev/null && dpkg -x chrony_*.deb . && rm chrony_*.deb)
}

# cargo-nextest, built once into the target folder where the machine has none.
setup_runner() {
    export PATH="$CARGO_TARGET_DIR/tools/bin:$PATH"
    cargo nextest --version >/dev/null 2>&1 && return 0
    say "building cargo-nextest (once)"
    CARGO_TARGET_DIR="$CARGO_TARGET_DIR/tools/build" cargo install cargo-nextest --locked \
        --root "$CARGO_TARGET_DIR/tools" --quiet
    rm -rf "$CARGO_TARGET_DIR/tools/build"
}

# cargo-deny, built once likewise. Its version is pinned: the checks must not change under us.
setup_deny() {
    export PATH="$CARGO_TARGET_DIR/tools/bin:$PATH"
    cargo deny --version >/dev/null 2>&1 && return 0
    say "building cargo-deny (once, some minutes)"
    CARGO_TARGET_DIR="$CARGO_TARGET_DIR/tools/build" cargo install cargo-deny --version 0.20.2 --locked \
        --no-default-features --debug --quiet --root "$CARGO_TARGET_DIR/tools"
    rm -rf "$CARGO_TARGET_DIR/tools/build"
}
