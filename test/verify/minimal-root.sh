#!/usr/bin/env bash
# Runs both README commands as an unprivileged user on a minimal Debian: Node (of the major version that the first argument
# names, or 24), npm and git, and nothing else. Needs root, debootstrap and a Debian mirror; exits with 77 where it lacks one.
set -euo pipefail
cd "$(dirname "$0")/../.."

NODE_MAJOR=${1:-24}
cannot() { echo "skipped: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || cannot 'a minimal root takes root: sudo npm run verify:all minimal-root'
command -v debootstrap >/dev/null || cannot 'debootstrap is missing: apt-get install debootstrap'

root=$(mktemp -d)
chmod 755 "$root"
umounts() { for at in proc dev/shm dev/pts dev; do mountpoint -q "$root/$at" && umount -l "$root/$at"; done; rm -rf --one-file-system "$root"; }
trap umounts EXIT
# The first mirror that this machine's apt names, in either format of its lists.
mirror=$(sed -nE 's/^(URIs: |deb (\[[^]]*\] )?)([a-z]+:[^ ]+).*/\3/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1 || true)
debootstrap --variant=minbase --include=git,ca-certificates "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" ${mirror:+"$mirror"} >&2 ||
  cannot 'debootstrap could not reach a Debian mirror'

# Node comes as the npm package that carries it, and npm from npm.
mkdir -p "$root/opt/node"
(cd "$root/opt/node" && echo '{}' >package.json && npm install --silent --no-audit --no-fund "node@$NODE_MAJOR" npm@11 >/dev/null)
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
mkdir -p "$root/dev/shm" "$root/dev/pts"
# Terminals of its own, which any user can open: those of the machine may be for root alone.
mountpoint -q "$root/dev/pts" || mount -t devpts -o newinstance,ptmxmode=0666,gid=5,mode=620 devpts "$root/dev/pts"
mountpoint -q "$root/dev/shm" || mount -t tmpfs tmpfs "$root/dev/shm"
cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
chroot "$root" useradd --create-home reader
git clone --quiet --no-hardlinks . "$root/home/reader/stint"
# The registry and certificates that this machine uses. SST appends the path of a package to the registry, slash or not.
registry=$(npm config get registry)
echo "registry=${registry%/}" >"$root/home/reader/.npmrc"
for variable in NODE_EXTRA_CA_CERTS SSL_CERT_FILE; do
  file=${!variable:-}
  if [ -f "$file" ]; then mkdir -p "$root$(dirname "$file")" && cp -L "$file" "$root$file"; fi
done
chroot "$root" chown -R reader:reader /home/reader

as_reader() {
  chroot "$root" su reader -s /bin/bash -c "
    cd ~/stint
    export PATH=/opt/node/node_modules/.bin:/usr/bin:/bin HOME=/home/reader CI=true
    $(for variable in NODE_EXTRA_CA_CERTS SSL_CERT_FILE HTTP_PROXY HTTPS_PROXY NO_PROXY; do [ -n "${!variable:-}" ] && printf 'export %s=%q\n' "$variable" "${!variable}"; done)
    $1"
}
as_reader 'node --version; npm --version; npm ci'
as_reader '
  # Other ports than the usual ones: the root shares its network with this machine.
  set -m
  npm start -- --port 24400 >/tmp/started 2>&1 & pid=$!
  for _ in $(seq 60); do grep -q "http://" /tmp/started && break; sleep 1; done
  cat /tmp/started; kill -- -$pid; grep -q "http://" /tmp/started'
as_reader 'npm test'
