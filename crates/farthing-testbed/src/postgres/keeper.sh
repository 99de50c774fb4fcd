# Starts one PostgreSQL server, keeps it while standard input stays open, then stops it and removes its directory.
#
# The other end of standard input is held by a test process and by nobody else, so it closes however that process ends,
# kill -9 included. Everything is done here and in order: a test killed half way through a start leaves nothing behind.
#
# usage: sh keeper.sh BIN PORT plain|tls [SERVER OPTION]...
# Says `ready DIRECTORY` once the server answers, or what went wrong, and closes standard output.

set -u
trap '' HUP INT TERM PIPE # a Ctrl-C meant for the tests must not take away who cleans up after them
export LC_ALL=C TZ=UTC
umask 022 # what root writes here the server reads; the directory itself is closed to others

bin=$1 port=$2 access=$3
shift 3
dir=$(mktemp -d /tmp/farthing-pg.XXXXXX) || exit 1 # short: a socket's path has at most 107 bytes
log=$dir/log
cd "$dir" || exit 1

fail() {
    echo "$1"
    tail -n 30 "$log"
    cd / && rm -rf "$dir"
    exit 1
}
logged() { "$@" </dev/null >>"$log" 2>&1; }

# PostgreSQL refuses to run as root. Where we can, the server is also told to go if this keeper itself is killed.
as=
if setpriv --help 2>/dev/null | grep -q pdeathsig; then as="setpriv --pdeathsig QUIT"; fi
if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 || fail "PostgreSQL does not run as root, and there is no user postgres to run it as"
    [ -n "$as" ] || fail "PostgreSQL does not run as root, and setpriv (util-linux) is not installed to leave root with"
    as="$as --reuid postgres --regid postgres --init-groups"
    chown postgres "$dir"
fi

# A password only where TLS is: tests without it are for tests, tests with it look like production.
auth=trust
if [ "$access" = tls ]; then auth=scram-sha-256; fi
echo farthing >password
logged $as "$bin/initdb" --pgdata=data --username=farthing --auth="$auth" --pwfile=password \
    --encoding=UTF8 --locale=C --no-sync || fail "initdb failed:"

if [ "$access" = tls ]; then
    # Nothing comes in over TCP but TLS.
    printf '%s\n' 'local all all trust' 'hostssl all all 127.0.0.1/32 scram-sha-256' >data/pg_hba.conf
    cat >openssl.cnf <<END
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
END
    key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    logged $as openssl req -config openssl.cnf -x509 -extensions authority -days 30 $key \
        -subj "/CN=Farthing test authority" -keyout ca.key -out ca.crt &&
        logged $as openssl req -config openssl.cnf $key -subj /CN=localhost -keyout server.key -out server.csr &&
        logged $as openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 \
            -extfile openssl.cnf -extensions server -out server.crt &&
        logged $as chmod 600 server.key || fail "openssl could not make the certificates:"
    set -- "$@" -c ssl=on -c "ssl_cert_file=$dir/server.crt" -c "ssl_key_file=$dir/server.key"
fi

# `$as` execs, so the background process is the server itself and `$!` its id.
$as "$bin/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$dir" \
    -c max_connections=200 -c timezone=UTC -c log_timezone=UTC "$@" </dev/null >>"$log" 2>&1 &
server=$!
tries=0
until logged "$bin/psql" -X -q -h "$dir" -p "$port" -U farthing -d postgres -c 'SELECT 1'; do
    kill -0 "$server" || { wait "$server"; fail "the server did not start:"; }
    tries=$((tries + 1))
    if [ "$tries" -gt 1200 ]; then kill -QUIT "$server"; wait "$server"; fail "no answer within a minute:"; fi
    sleep 0.05
done

echo "ready $dir"
exec >&-
cat >/dev/null # until the test process is gone

kill -QUIT "$server" # stops at once: nobody will read this data again
wait "$server"
cd / && rm -rf "$dir"
