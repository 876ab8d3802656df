# The real components that tests start. With CI=true they are installed; elsewhere what is missing is listed.
# The tests that need a component skip by name without it, and fail without it in CI.
set -u
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
# Debian keeps the server's programs out of the path.
command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v valgrind >/dev/null 2>&1 || missing="$missing valgrind"
# Microsoft's emulator of Azure Blob Storage is a package of npm: it goes into the user's cache, where the tests look for it.
azurite=3.37.0
folder="${XDG_CACHE_HOME:-$HOME/.cache}/codeops/azurite"
has_azurite=true
command -v azurite-blob >/dev/null 2>&1 || [ -x "$folder/node_modules/.bin/azurite-blob" ] || has_azurite=false
# The example service in Node needs OpenTelemetry's SDK.
orders="${XDG_CACHE_HOME:-$HOME/.cache}/codeops/orders"
has_orders=true
cmp -s examples/orders/package.json "$orders/package.json" && [ -d "$orders/node_modules/sql.js" ] || has_orders=false
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
[ "$has_azurite" = true ] && [ "$has_orders" = true ] || command -v npm >/dev/null 2>&1 || missing="$missing npm"
if [ "${CI:-}" = true ]; then
  if [ -n "$missing" ]; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null; } || exit
  fi
  [ "$has_azurite" = true ] || npm install --silent --no-audit --no-fund --prefix "$folder" "azurite@$azurite" >/dev/null || exit
  [ "$has_orders" = true ] || { mkdir -p "$orders" && cp examples/orders/package.json examples/orders/.npmrc "$orders" && npm install --silent --no-audit --no-fund --prefix "$orders" >/dev/null; }
  exit
fi
for package in $missing; do
  echo "missing component: $package (its tests are skipped; apt-get install $package)"
done
[ "$has_azurite" = true ] || echo "missing component: azurite (its tests are skipped; npm install --prefix $folder azurite@$azurite)"
[ "$has_orders" = true ] || echo "missing component: the packages of examples/orders (its tests are skipped; CI=true sh tools/components.sh installs them)"
