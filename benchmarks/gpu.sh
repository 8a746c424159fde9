#!/usr/bin/env bash
# Check and measure everything that needs a GPU, in under nine minutes; run from the repository root.
#
#   bash benchmarks/gpu.sh            results under ./out, or under $OUT
#   bash benchmarks/gpu.sh --small    instead, a study at `small` with cut budgets, from tokenizer to report
#   ... --dry-run                     the same steps at toy sizes on the CPU, about a minute; what only a GPU can tell is null.
#                                     With --small: the plan of that study, then the same at `micro`
#
# The limits below add up to 8.5 minutes.
#
# Needs the dependencies, not the package itself, and no network. Each step writes OUT/NAME.json; OUT/gpu.json has them
# all. A step that fails or runs out of time says so there and does not stop the others.
set -u
export PYTHONPATH="src${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
export OUT="${OUT:-out}" INTERPLAY_GPU_DRY=0
PYTHON="${PYTHON:-python}"
SMALL=0
for word in "$@"; do
  case "$word" in
    --small) SMALL=1 ;;
    --dry-run) INTERPLAY_GPU_DRY=1 ;;
    *) echo "error: there are --small and --dry-run, got $word" >&2; exit 2 ;;
  esac
done
mkdir -p "$OUT"

small() { # SCALE PRETRAINING MIDTRAINING STEPS PROBLEMS OPTIONS...
  local scale=$1 pretrain=$2 midtrain=$3 steps=$4 problems=$5
  shift 5
  timeout --kill-after=5 530 "$PYTHON" -m interplay.cli run quickstart --scale "$scale" --store "$OUT/store" \
    --set "pretrain.tokens=$pretrain" --set "midtrain.tokens=$midtrain" --set "rl.steps=$steps" \
    --set "problems=$problems" --set samples=32 --set ks=1,8,32 "$@"
}

CUT=(small 40000000 8000000 10 100)

if [ "$INTERPLAY_GPU_DRY" = 1 ]; then
  export CUDA_VISIBLE_DEVICES="" OMP_NUM_THREADS=1
  if [ "$SMALL" = 1 ]; then
    small "${CUT[@]}" --devices 1 --plan >"$OUT/plan.txt" || exit
    small micro 16384 16384 1 4 --device cpu >"$OUT/small.json"
    exit
  fi
  exec "$PYTHON" benchmarks/gpu.py sample rl train tests collect # one process: most of a dry run is imports
elif ! "$PYTHON" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
  echo "error: torch sees no CUDA device; --dry-run runs the same steps on the CPU" >&2
  exit 2
fi

if [ "$SMALL" = 1 ]; then
  small "${CUT[@]}" | tee "$OUT/small.json"
  exit "${PIPESTATUS[0]}"
fi

step() { # NAME SECONDS
  echo "== $1" >&2
  rm -f "$OUT/$1.json"
  timeout --kill-after=5 "$2" "$PYTHON" benchmarks/gpu.py "$1" >&2
  local status=$?
  [ -f "$OUT/$1.json" ] || echo "{\"failed\": \"exit status $status (124: over $2 s)\"}" >"$OUT/$1.json"
}

step sample 190
step rl 110
step train 110
step tests 100
"$PYTHON" benchmarks/gpu.py collect
