#!/bin/sh
# Makes the secrets that the services of compose.yaml share, in the folder secrets beside this file:
# the router's for the gateways, and the gateways' for Redis. What is there already stays.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
cd secrets

random() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

if [ ! -e router.secret ]; then
    random > router.secret
    printf 'PAYEX_USAGE_ROUTER_SECRET=%s\n' "$(cat router.secret)" > router.env
fi
if [ ! -e redis.acl ]; then
    password=$(random)
    # Redis holds a digest, and the gateways may do no more than they have to.
    digest=$(printf '%s' "$password" | sha256sum | cut -d ' ' -f 1)
    printf 'user default off\nuser gateway on #%s ~payex-usage:* +set +getrange +pttl\n' "$digest" > redis.acl
    printf 'GATEWAY_CACHE_URL=redis://gateway:%s@redis:6379/0\n' "$password" > cache.env
fi
# Who reads them is the user of the containers. Without root, their owner has to be that user.
if [ "$(id -u)" = 0 ]; then
    chown -R 10001:10001 .
fi
