# Prints the first Python on the path that is new enough (3.11), or says what is missing.
for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
  if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$name"
    exit 0
  fi
done
echo "error: no Python 3.11 or newer on the path; install one, or set PYTHON=/path/to/python" >&2
echo "python3-not-found"
