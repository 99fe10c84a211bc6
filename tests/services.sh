# Sourced by tests/run: what the steps need that is not in the checkout.
#
# `install_missing` fills the table `missing` (tool -> how to get it) with what it could not install;
# `start_services` starts PostgreSQL and Redis; `stop_services` stops them and removes their folder.

declare -A missing=()
declare -A packages=(
    [cc]="gcc libc6-dev" [cxx]="g++" [python]="python3 python3-venv" [django]="python3-venv" [postgres]="postgresql"
    [redis]="redis-server" [pgbouncer]="pgbouncer" [chromium]="chromium" [chromedriver]="chromium-driver"
)
folder="" redis_process=""

wants() { [[ $wanted == *" $1 "* ]]; }
# Debian keeps the server's programs out of the path; the newest version is taken.
postgres_programs() {
    local initdb
    initdb=$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
    [ -n "$initdb" ] || initdb=$(command -v initdb)
    [ -n "$initdb" ] && dirname "$initdb"
}
# The `rust-version` of Cargo.toml.
oldest_rust() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml"; }
has() {
    case "$1" in
    cc) command -v cc >/dev/null ;;
    cxx) command -v c++ >/dev/null ;;
    rustfmt) cargo fmt --version >/dev/null 2>&1 ;;
    clippy) cargo clippy --version >/dev/null 2>&1 ;;
    deny) cargo deny --version >/dev/null 2>&1 ;;
    rust) cargo "+$(oldest_rust)" --version >/dev/null 2>&1 || [[ $(rustc --version) == "rustc $(oldest_rust)".* ]] ;;
    python) python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ;;
    django) python3 -c 'import venv, ensurepip' 2>/dev/null ;;
    postgres) [ -n "$(postgres_programs)" ] ;;
    redis) command -v redis-server >/dev/null ;;
    pgbouncer) command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] ;;
    chromium) command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ;;
    chromedriver) command -v chromedriver >/dev/null ;;
    esac
}

tools=(cc cxx rust rustfmt clippy deny python django postgres pgbouncer redis chromium chromedriver)
install_missing() {
    local tool install="" log=$logs/install.log
    for tool in "${tools[@]}"; do
        wants "$tool" && ! has "$tool" && install+="${packages[$tool]:-} "
    done
    if [ -n "${install// /}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "== installing $install"
        # shellcheck disable=SC2086
        if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $install; } \
            >"$log" 2>&1 </dev/null; then
            tail -n 30 "$log"
        fi
    fi
    if [ "$(id -u)" = 0 ] && wants deny && ! has deny && has cc; then
        echo "== installing cargo-deny (compiled once without optimisation, about a minute on two cores)"
        env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-deny --locked --debug >"$log" 2>&1 </dev/null || tail -n 30 "$log"
    fi
    for tool in "${tools[@]}"; do
        wants "$tool" && ! has "$tool" || continue
        case "$tool" in
        rust) missing[$tool]="Rust $(oldest_rust): rustup toolchain install $(oldest_rust)" ;;
        rustfmt | clippy) missing[$tool]="$tool: rustup component add $tool" ;;
        deny) missing[$tool]="cargo-deny: cargo install cargo-deny --locked" ;;
        *) missing[$tool]="$tool: apt-get install ${packages[$tool]}" ;;
        esac
        echo "tests/run: missing ${missing[$tool]}" >&2
    done
    wants django && [ -z "${missing[django]:-}" ] && install_django
    return 0
}

# Below the range that outgoing connections take their ports from, so that none takes ours meanwhile.
free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

start_services() {
    wants postgres || wants redis || return 0
    folder=$(mktemp -d "${TMPDIR:-/tmp}/nuages-services.XXXXXX")
    chmod 755 "$folder"
    wants postgres && [ -z "${missing[postgres]:-}" ] && start_postgres
    wants redis && [ -z "${missing[redis]:-}" ] && start_redis
    export TEST_NUAGES_SERVICES=1
}

# PostgreSQL refuses to run as root: root starts it as the user that its package made.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then (cd "$folder" && runuser -u postgres -- "$@"); else (cd "$folder" && "$@"); fi
}
start_postgres() {
    local programs port attempt log=$logs/postgres.log
    programs=$(postgres_programs)
    mkdir "$folder/postgres"
    echo nuages >"$folder/password"
    chmod 644 "$folder/password"
    [ "$(id -u)" = 0 ] && chown postgres "$folder/postgres"
    if as_postgres "$programs/initdb" -D "$folder/postgres/data" -U nuages --pwfile="$folder/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$log" 2>&1; then
        for attempt in 1 2 3; do
            port=$(free_port)
            if as_postgres "$programs/pg_ctl" -D "$folder/postgres/data" -l "$folder/postgres/log" -w -t 60 -o "-p $port \
                -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder/postgres -c max_connections=300 \
                -c fsync=off -c full_page_writes=off" start >>"$log" 2>&1 </dev/null; then
                PGPASSWORD=nuages "$programs/createdb" -h 127.0.0.1 -p "$port" -U nuages nuages >>"$log" 2>&1
                export TEST_NUAGES_POSTGRES="postgres://nuages:nuages@127.0.0.1:$port/nuages"
                # Fault tests start servers of their own with these programs.
                export TEST_NUAGES_POSTGRES_PROGRAMS=$programs
                return
            fi
        done
    fi
    tail -n 30 "$log" "$folder/postgres/log" 2>/dev/null
    missing[postgres]="a PostgreSQL that starts (see above)"
}

start_redis() {
    local port attempt log=$logs/redis.log
    for attempt in 1 2 3; do
        port=$(free_port)
        redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' --appendonly no >"$log" 2>&1 </dev/null &
        redis_process=$!
        for _ in $(seq 100); do
            if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
                export TEST_NUAGES_REDIS="redis://127.0.0.1:$port"
                return
            fi
            kill -0 "$redis_process" 2>/dev/null || break
            sleep 0.1
        done
        kill "$redis_process" 2>/dev/null
    done
    tail -n 30 "$log"
    missing[redis]="a Redis that starts (see above)"
}

stop_services() {
    [ -n "$folder" ] || return 0
    [ -n "$redis_process" ] && kill "$redis_process" 2>/dev/null
    [ -f "$folder/postgres/data/postmaster.pid" ] &&
        as_postgres "$(postgres_programs)/pg_ctl" -D "$folder/postgres/data" -m immediate stop >/dev/null 2>&1
    rm -rf "$folder"
    folder=""
}
