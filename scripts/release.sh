#!/bin/sh
# Check what a release needs, then stop before the upload and say how it is done.
set -e
version=$($PYTHON -c "import tomllib; print(tomllib.load(open('pyproject.toml', 'rb'))['project']['version'])")
ours=$($PYTHON -c "import interplay; print(interplay.__version__)")
fail() { echo "error: $1" >&2; exit 1; }
[ "$version" = "$ours" ] || fail "pyproject.toml says $version, interplay.__version__ says $ours"
[ -z "$(git status --porcelain)" ] || fail "there are changes that are not committed"
grep -q "^## \[$version\]" CHANGELOG.md || fail "CHANGELOG.md has no section [$version]"
known=$($PYTHON -m pip index versions interplay 2>/dev/null || true)
reached=$($PYTHON -m pip index versions pip 2>/dev/null || true)  # a name that every index has
case "$known" in
  "") [ -n "$reached" ] || fail "the package index cannot be reached, so nobody knows whether the name 'interplay' is free"
      echo "the package index answers and has no 'interplay': the name is free" ;;
  *"$version"*) fail "the package index has interplay $version already: $known" ;;
  *) echo "the package index has an 'interplay'; make sure that it is ours: $known" ;;
esac
echo "ready: $(ls dist | tr '\n' ' ')"
echo "nothing was uploaded. To release: git tag v$version && git push origin v$version && $PYTHON -m twine upload dist/*"
