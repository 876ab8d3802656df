# Installs the pinned dependencies of one set (demo or dev) and CodeOps itself: install.sh BIN SET.
# CI installs the built wheel, so that a file missing from it is noticed; elsewhere the checkout itself is used.
set -eu
bin=$1
set_name=$2
echo "installing $set_name dependencies into $(dirname "$bin") (once)"
"$bin/python" -m pip install --quiet --require-hashes --requirement "requirements/$set_name.txt"
if [ "${CI:-}" = true ] && [ "$set_name" = dev ]; then
  rm -rf build dist
  "$bin/python" -m build --no-isolation --wheel --outdir dist . >/dev/null
  "$bin/python" -m pip install --quiet --no-deps --force-reinstall dist/*.whl
else
  "$bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
fi
