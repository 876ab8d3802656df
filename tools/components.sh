# The real components that tests start. With CI=true they are installed; elsewhere what is missing is listed.
# The tests that need a component skip by name without it, and fail without it in CI.
set -u
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
# Debian keeps the server's programs out of the path.
command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] && exit 0
if [ "${CI:-}" = true ]; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  exit
fi
for package in $missing; do
  echo "missing component: $package (its tests are skipped; apt-get install $package)"
done
