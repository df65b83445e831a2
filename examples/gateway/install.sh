#!/bin/sh
# Installs the gateways and clients that the test here runs, from Debian's packages, as far as they are missing and this may
# install them: nginx, Apache with its two modules for introspection, Caddy, and Node.js with npm. Otherwise it says what is
# missing, and what needs it is skipped. Nothing is left running.
set -eu

# have PROGRAM: it is in PATH, or where the test also looks.
have() { PATH="$PATH:/usr/sbin:/usr/bin:/sbin:/bin" command -v "$1" >/dev/null; }

missing=
if ! have nginx; then missing="$missing nginx"; fi
if ! have apache2; then missing="$missing apache2-bin"; fi
if ! [ -e /usr/lib/apache2/modules/mod_oauth2.so ]; then missing="$missing libapache2-mod-oauth2"; fi
if ! [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ]; then missing="$missing libapache2-mod-auth-openidc"; fi
if ! have caddy; then missing="$missing caddy"; fi
if ! have node; then missing="$missing nodejs"; fi
if ! have npm; then missing="$missing npm"; fi
missing=${missing# }
if [ -z "$missing" ]; then exit 0; fi

if [ "$(id -u)" != 0 ] || ! have apt-get; then
	echo "!! NOT INSTALLED: $missing. The tests that need them are SKIPPED." >&2
	echo "!! On Debian, root installs them with: apt-get install --no-install-recommends $missing" >&2
	exit 0
fi

# Until this ends no service is started, unless the system has its own rules for that.
policy=/usr/sbin/policy-rc.d
made_policy=no
cleanup() { if [ $made_policy = yes ]; then rm -f "$policy"; fi; }
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
if ! [ -e "$policy" ]; then
	made_policy=yes
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

echo "== apt-get install $missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # these are several words
if ! apt-get -q update || ! apt-get -q -y --no-install-recommends install $missing; then
	echo "!! NOT INSTALLED: $missing, see above. The tests that need them are SKIPPED." >&2
	exit 0
fi

# What was installed for the tests is not to run as a service, now or after the next boot.
for service in nginx caddy; do
	case " $missing " in
	*" $service "*)
		if have systemctl; then systemctl --quiet disable $service || true; fi
		if [ -d /run/systemd/system ]; then systemctl stop $service || true; fi
		;;
	esac
done
