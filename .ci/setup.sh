# What ./start and ./check share: find Python, make .venv, install what a lock file names. POSIX sh, sourced.

say() { printf '%s\n' "$*" >&2; }

is_root_on_debian() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

# install_packages PACKAGE... : as root on Debian install them, else say what to install and stop.
install_packages() {
    if is_root_on_debian; then
        say "Installing $* ..."
        apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
    else
        say "Please install first: $*"
        say "On Debian or Ubuntu: sudo apt-get install $*"
        exit 1
    fi
}

find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "Python 3.11 or newer is needed, as python3."
    say "On Debian 12 or newer: sudo apt-get install python3 python3-venv"
    exit 1
}

# make_environment LOCK : make .venv and install what LOCK names; does nothing when that was done before.
make_environment() {
    lock=$1
    python=$(find_python)
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
        if ! "$python" -c 'import ensurepip' 2>/dev/null; then
            install_packages python3-venv
        fi
        say "Making .venv ..."
        rm -rf .venv
        "$python" -m venv .venv
    fi
    stamp=.venv/installed-$(printf '%s' "$lock" | tr '/' '-')
    wanted=$(cat "$lock" pyproject.toml | cksum)
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say "Installing what $lock names (once, about half a minute) ..."
        # The lock is whole, so pip has nothing to resolve: left to it, a package named with an extra by another one
        # ("coverage[toml]") is taken for unlocked as soon as a newer version of it is out.
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
            --require-hashes -r "$lock"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
        .venv/bin/python -m pip --disable-pip-version-check check >/dev/null
        printf '%s' "$wanted" >"$stamp"
    fi
}
