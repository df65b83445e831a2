#!/bin/sh
# Installs what the tests here use, from Debian's packages, as far as it is missing and this may install it: Chromium, fonts
# for the letters of many languages, and Node.js with npm, which fetches axe-core. Otherwise it says what is missing, and what
# needs it is skipped.
set -eu

have() { command -v "$1" >/dev/null; }

missing=
if ! have chromium; then missing="$missing chromium"; fi
if ! [ -e /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf ]; then missing="$missing fonts-noto-core"; fi
if ! have node; then missing="$missing nodejs"; fi
if ! have npm; then missing="$missing npm"; fi
missing=${missing# }
if [ -z "$missing" ]; then exit 0; fi

if [ "$(id -u)" != 0 ] || ! have apt-get; then
	echo "!! NOT INSTALLED: $missing. The tests that need them are SKIPPED." >&2
	echo "!! On Debian, root installs them with: apt-get install --no-install-recommends $missing" >&2
	exit 0
fi

echo "== apt-get install $missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # these are several words
if ! apt-get -q update || ! apt-get -q -y --no-install-recommends install $missing; then
	echo "!! NOT INSTALLED: $missing, see above. The tests that need them are SKIPPED." >&2
fi
