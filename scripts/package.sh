#!/bin/sh
# Build wheel and sdist into dist/, and try each in an environment that holds neither torch nor the source folder: what the
# light installation promises (problems, verdicts, files, the Python API) must work there. Nothing is uploaded.
set -e
unset PYTHONPATH PYTHONHOME
PYTHON=${PYTHON:-python3}
BUILDER=${BUILDER:-$PYTHON}
rm -rf dist
trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT
git archive --format=tar HEAD | tar -x -C "$trial" --one-top-level=source
dist=$PWD/dist
for kind in sdist wheel; do  # a process each: setuptools keeps the first one's options
  (cd "$trial/source" && "$BUILDER" -c "
import setuptools.build_meta as build, sys
getattr(build, 'build_$kind')(sys.argv[1])" "$dist" > "$trial/log" 2>&1) || { cat "$trial/log"; exit 1; }
done
for file in "$dist"/*.whl "$dist"/*.tar.gz; do
  echo "== $(basename "$file"), $(du -h "$file" | cut -f1)"
  "$PYTHON" -m venv "$trial/env"
  "$trial/env/bin/python" -m pip install -q --disable-pip-version-check "$file"
  cd "$trial"
  "$trial/env/bin/python" - <<'CHECK'
import importlib.util, sys
import interplay
assert "site-packages" in interplay.__file__, interplay.__file__
assert importlib.util.find_spec("torch") is None
rows = interplay.dataset(context=["zoo", "school", "movie"], op=[4, 6], mode=["forward", "reverse"], n=20, distractors=2)
assert all(interplay.score(row, row["solution"]).exact for row in rows)
rows.write("rows.parquet")
assert list(interplay.Dataset.read("rows.parquet")) == list(rows)
try:
    interplay.sample("nothing", rows)
except ValueError as error:
    assert "pip install 'interplay[train]'" in str(error), error
CHECK
  env/bin/interplay data sample --n 20 --op 5 --context library > rows.jsonl
  env/bin/interplay data sample --scale micro --regime edge --split test --n 5 > /dev/null
  env/bin/interplay verify rows.jsonl --candidate-field solution > verdicts.jsonl
  env/bin/interplay data stats rows.jsonl > /dev/null
  env/bin/interplay data convert rows.jsonl rows.jsonl.gz
  ! env/bin/interplay run quickstart --plan 2> said
  grep -q "pip install 'interplay\[train\]'" said
  grep -c '"strict": true' verdicts.jsonl
  echo "installed: $(du -sh env | cut -f1)"
  cd - > /dev/null
  rm -rf "$trial/env"
done
