# What the machine must have: looks for it, installs what is missing and says why. Sourced by tests/run, .ci/schema and
# .ci/contract.
# On a machine without apt it installs no system package: it says in one line what to install.

# Where this file lies, and beside it what it installs from.
machine_home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Programs that are no packages of the system stay here from one run to the next, apart from the user's own.
tools=${GLEANER_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/gleaner/tools}
export PATH="$tools/bin:$PATH"

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

give_up() {
    say "$@"
    exit 1
}

((BASH_VERSINFO[0] >= 5)) || give_up "missing: bash 5 or later; this is $BASH_VERSION"
command -v timeout >/dev/null || give_up "missing: timeout, of the GNU core utilities (coreutils)"

# install_packages WHY PACKAGE...: Debian packages, as root or by sudo.
install_packages() {
    local why=$1 as_root=()
    shift
    if ! command -v apt-get >/dev/null; then
        give_up "missing: $* ($why); install it with this system's package manager, then start again"
    fi
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            give_up "missing: $* ($why); run: sudo apt-get install $*"
        fi
        as_root=(sudo -n)
    fi
    say "installing $*: $why"
    timeout 300 "${as_root[@]}" apt-get update -qq </dev/null >&2 || say "apt-get update failed; trying with the lists that are here"
    timeout 900 "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2 || give_up "apt-get could not install $*"
}

# install_tool PROGRAM CRATE VERSION WHY OPTION...: a program from crates.io, pinned. Built without optimising: it runs
# for seconds, building it for speed takes minutes.
install_tool() {
    local program=$1 crate=$2 version=$3 why=$4
    shift 4
    if "$program" --version 2>/dev/null | grep -qF " $version"; then
        return
    fi
    say "installing $crate $version into $tools: $why"
    env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 \
        timeout 1200 cargo install --quiet --locked --debug --root "$tools" "$crate@$version" "$@" </dev/null ||
        give_up "cargo could not install $crate $version"
}

# postgres_bin: the folder of the newest PostgreSQL server, 14 or later; nothing where there is none.
postgres_bin() {
    local bin version newest=13 found=
    for bin in "${GLEANER_PG_BIN:-}" "$(pg_config --bindir 2>/dev/null || true)" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
        if [[ -n $bin && -x $bin/initdb && -x $bin/postgres ]]; then
            version=$("$bin/postgres" --version | grep -oE '[0-9]+' | head -n 1)
            if ((version > newest)); then
                newest=$version found=$bin
            fi
        fi
    done
    printf '%s' "$found"
}

need_compiler() {
    command -v cargo >/dev/null || give_up "missing: cargo; install Rust as https://rustup.rs says, then start again"
    { command -v cc && command -v make; } >/dev/null || install_packages "some crates compile C code" build-essential
}

need_postgres() {
    [[ -n $(postgres_bin) ]] || install_packages "the tests start a PostgreSQL server of their own" postgresql
    [[ -n $(postgres_bin) ]] || give_up "no PostgreSQL of version 14 or later; install one or name its folder in GLEANER_PG_BIN"
}

need_browser() {
    local browser
    for browser in "${CHROME:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [[ -n $browser ]] && command -v "$browser" >/dev/null; then
            return
        fi
    done
    install_packages "the page is tested in a real browser" chromium fonts-dejavu-core
}

need_deny() {
    install_tool cargo-deny cargo-deny 0.20.2 "licences and bans of the dependencies are checked"
}

# need_schemathesis: in an environment of Python of its own, with the versions of .ci/schemathesis.txt and no others.
need_schemathesis() {
    local list=$machine_home/schemathesis.txt home=$tools/schemathesis
    if [[ -x $home/bin/schemathesis ]] && cmp -s "$list" "$home/installed.txt"; then
        return
    fi
    python3 -c 'import ensurepip, venv' 2>/dev/null ||
        install_packages "the checker of the API is written in Python" python3 python3-venv
    say "installing $(grep '^schemathesis==' "$list") into $home: the API is compared with its own document"
    rm -rf "$home"
    { timeout 300 python3 -m venv "$home" &&
        timeout 900 "$home/bin/pip" install --quiet --no-input --disable-pip-version-check --no-deps -r "$list"; } </dev/null ||
        give_up "pip could not install what $list names"
    cp "$list" "$home/installed.txt"
}

# need_axe: the rules of accessibility that pages are held against: one file, out of a package that carries it.
need_axe() {
    local version=0.1.8 home=$tools/axe
    if [[ -s $home/axe.min.js && $(cat "$home/version" 2>/dev/null) == "$version" ]]; then
        return
    fi
    python3 -c 'import ensurepip, venv' 2>/dev/null ||
        install_packages "axe-core comes as a package of Python" python3 python3-venv
    say "installing axe-core $version into $home: pages are tested for accessibility"
    rm -rf "$home"
    { timeout 300 python3 -m venv "$home/python" &&
        timeout 300 "$home/python/bin/pip" install --quiet --no-input --disable-pip-version-check --no-deps "axe-playwright-python==$version"; } </dev/null ||
        give_up "pip could not install axe-playwright-python $version"
    cp "$home"/python/lib/python3*/site-packages/axe_playwright_python/axe.min.js "$home/axe.min.js"
    echo "$version" >"$home/version"
}

need_diesel() {
    if "$tools/bin/diesel" --version 2>/dev/null | grep -qF 2.3.14; then
        return
    fi
    [[ -f $(pg_config --includedir 2>/dev/null || true)/libpq-fe.h ]] ||
        install_packages "the diesel command line is built against it" libpq-dev
    install_tool diesel diesel_cli 2.3.14 "schema.rs is compared with the migrations" \
        --no-default-features --features postgres
}
