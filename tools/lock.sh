# Writes requirements/*.txt: every dependency pinned with its hashes, for Python 3.11 to 3.14 on any platform.
set -eu
for set_name in demo dev; do
  uv pip compile pyproject.toml --group "$set_name" --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --no-header --no-annotate --quiet --output-file "requirements/$set_name.txt" "$@"
done
