#!/bin/sh
# install-servers.sh [ha]
#
# Installs the database servers that the tests start, from Debian's packages, as far as they are missing and this may install
# them; with ha, also what a cluster of Patroni needs. Otherwise it says what is missing, and the tests that need it are skipped. Nothing is left running, and no PostgreSQL
# cluster is made.
set -eu

# have PROGRAM: it is in PATH, or where the tests also look.
have() { PATH="$PATH:/usr/sbin:/usr/bin:/sbin:/bin" command -v "$1" >/dev/null; }

have_postgres() {
	if have initdb; then return; fi
	for initdb in /usr/lib/postgresql/*/bin/initdb; do
		if [ -x "$initdb" ]; then return; fi
	done
	return 1
}

missing=
if ! have_postgres; then missing="$missing postgresql"; fi
if ! have pgbouncer; then missing="$missing pgbouncer"; fi
if ! have haproxy; then missing="$missing haproxy"; fi
if ! have mariadbd || ! have mariadb-install-db; then missing="$missing mariadb-server"; fi
if ! [ -e /usr/lib/galera/libgalera_smm.so ]; then missing="$missing galera-4"; fi
if ! have rsync; then missing="$missing rsync"; fi
if [ "${1:-}" = ha ]; then
	if ! have patroni; then missing="$missing patroni python3-etcd"; fi
	if ! have etcd; then missing="$missing etcd-server"; fi
	if ! have ip; then missing="$missing iproute2"; fi
fi
missing=${missing# }
if [ -z "$missing" ]; then exit 0; fi

if [ "$(id -u)" != 0 ] || ! have apt-get; then
	echo "!! NOT INSTALLED: $missing. The tests that need them are SKIPPED." >&2
	echo "!! On Debian, root installs them with: apt-get install --no-install-recommends $missing" >&2
	exit 0
fi

# Until this ends no service is started, unless the system has its own rules for that, and no PostgreSQL cluster is made.
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d
no_cluster=$clusters/apitoken-install-servers.conf
made_policy=no
made_clusters=no
cleanup() {
	rm -f "$no_cluster"
	if [ $made_clusters = yes ]; then rmdir -p "$clusters" 2>/dev/null || true; fi
	if [ $made_policy = yes ]; then rm -f "$policy"; fi
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
if ! [ -e "$policy" ]; then
	made_policy=yes
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi
if ! [ -d "$clusters" ]; then
	made_clusters=yes
	mkdir -p "$clusters"
fi
echo 'create_main_cluster = false' >"$no_cluster"

echo "== apt-get install $missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # these are several words
if ! apt-get -q update || ! apt-get -q -y --no-install-recommends install $missing; then
	echo "!! NOT INSTALLED: $missing, see above. The tests that need them are SKIPPED." >&2
	exit 0
fi

# What was installed for the tests is not to run as a service, now or after the next boot.
for service in mariadb-server:mariadb pgbouncer:pgbouncer patroni:patroni etcd-server:etcd haproxy:haproxy; do
	case " $missing " in
	*" ${service%:*} "*)
		if have systemctl; then systemctl --quiet disable "${service#*:}" || true; fi
		if [ -d /run/systemd/system ]; then systemctl stop "${service#*:}" || true; fi
		;;
	esac
done
