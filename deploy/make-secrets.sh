#!/bin/sh
# Makes the secrets that the services of compose.yaml share, in the folder secrets beside this file:
# the router's for the gateways, and the gateways' for Redis. Each service has a folder of its own.
# What is there already stays.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets/gateway secrets/redis
cd secrets

random() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

if [ ! -e gateway/router.secret ]; then
    random > gateway/router.secret
    printf 'PAYEX_USAGE_ROUTER_SECRET=%s\n' "$(cat gateway/router.secret)" > router.env
fi
if [ ! -e gateway/pseudonym.key ]; then
    random > gateway/pseudonym.key
fi
if [ ! -e redis/redis.acl ]; then
    password=$(random)
    # Redis holds a digest, and the gateways may do no more than they have to.
    digest=$(printf '%s' "$password" | sha256sum | cut -d ' ' -f 1)
    printf 'user default off\nuser gateway on #%s ~payex-usage:* +set +getrange +pttl\n' "$digest" \
        > redis/redis.acl
    printf '%s' "$password" > gateway/redis.password
fi
# Who reads the folders is the user of the containers. Without root, their owner has to be that user.
# The files .env are read by whoever runs docker compose.
if [ "$(id -u)" = 0 ]; then
    chown -R 10001:10001 gateway redis
    chown "${SUDO_UID:-0}" . ./*.env
fi
