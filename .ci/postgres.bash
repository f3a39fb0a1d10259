# A throwaway PostgreSQL on a unix socket in a folder of its own, without durability. Sourced by .ci/schema.
# Needs `postgres_bin` of machine.bash. PostgreSQL refuses root, so root starts it as an account without rights.

# postgres_start: makes a cluster and starts it; sets pg_home and pg_bin, and PGHOST and PGUSER for clients.
postgres_start() {
    pg_bin=$(postgres_bin)
    # Short on purpose: the path of a unix socket ends at 107 bytes.
    pg_home=$(mktemp -d /tmp/gleaner-pg.XXXXXX)
    pg_as=()
    if ((EUID == 0)); then
        local account
        for account in postgres nobody; do
            if id "$account" >/dev/null 2>&1; then break; fi
        done
        chown "$account" "$pg_home"
        pg_as=(runuser -u "$account" --)
    fi
    export PGHOST=$pg_home PGUSER=postgres
    postgres_do initdb -D "$pg_home/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$pg_home.log" 2>&1 &&
        postgres_do pg_ctl -D "$pg_home/data" -l "$pg_home/log" -w -t 60 \
            -o "-k $pg_home -c listen_addresses='' -c fsync=off" start >>"$pg_home.log" 2>&1 || {
        cat "$pg_home.log" "$pg_home/log" >&2 2>/dev/null || true
        return 1
    }
}

# postgres_stop: stops it and removes every trace; fine also where it never started.
postgres_stop() {
    [[ -n ${pg_home:-} ]] || return 0
    if [[ -f $pg_home/data/postmaster.pid ]]; then
        postgres_do pg_ctl -D "$pg_home/data" -m immediate -t 30 stop >/dev/null 2>&1 || true
    fi
    rm -rf "$pg_home" "$pg_home.log"
    pg_home=
}

postgres_do() {
    local program=$1
    shift
    (cd "$pg_home" && timeout 120 "${pg_as[@]}" "$pg_bin/$program" "$@" </dev/null)
}
